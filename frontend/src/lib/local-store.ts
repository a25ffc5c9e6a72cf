/**
 * localStorage that never throws: it is absent in some private modes and may be full.
 *
 * What cannot be stored is kept for the life of the page, so that a key once made is not made twice.
 */
const kept = new Map<string, string>();

export function readStored(name: string): string | null {
  try {
    return kept.get(name) ?? localStorage.getItem(name);
  } catch {
    return kept.get(name) ?? null;
  }
}

/** The names that begin with `prefix`, of what is stored. */
export function storedNames(prefix: string): string[] {
  const names = new Set(kept.keys());
  try {
    for (const name of Object.keys(localStorage)) names.add(name);
  } catch {
    // Only what is kept for the life of the page is there.
  }
  return [...names].filter((name) => name.startsWith(prefix));
}

export function writeStored(name: string, value: string): void {
  try {
    localStorage.setItem(name, value);
    kept.delete(name);
  } catch {
    kept.set(name, value);
  }
}

export function dropStored(name: string): void {
  kept.delete(name);
  try {
    localStorage.removeItem(name);
  } catch {
    // Nothing could be stored, so nothing is left behind.
  }
}
