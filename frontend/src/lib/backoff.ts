/** A growing range to wait in, so that a crowd that failed together does not come back together. */
export interface Backoff {
  baseMs: number;
  capMs: number;
}

/** The wait before try number `tries` (0 is the first repeat): between half and all of `base · 2^tries`. */
export function backoffMs({ baseMs, capMs }: Backoff, tries: number, random = Math.random): number {
  const ceiling = Math.min(capMs, baseMs * 2 ** tries);
  return ceiling / 2 + random() * (ceiling / 2);
}

/** A time between `fromMs` and `toMs`. */
export function jitterMs(fromMs: number, toMs: number, random = Math.random): number {
  return fromMs + random() * (toMs - fromMs);
}
