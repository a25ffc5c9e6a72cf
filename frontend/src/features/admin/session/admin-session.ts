import type { Answer } from '../../../api/answer';
import { Observable } from '../../../lib/observable';

export interface AdminSession {
  /** The key that the server knew when it was last asked; null while nobody is signed in. */
  key: string | null;
  /** The server refused a key that it knew before. */
  expired: boolean;
}

const STORED_AS = 'stampede:admin-key';

/** Who is signed in: in this tab's storage alone, so a reload keeps it and another tab does not have it. */
export const adminSession = new Observable<AdminSession>({ key: storedKey(), expired: false });

export function signIn(key: string): void {
  store(key);
  adminSession.set({ key, expired: false });
}

export function signOut(): void {
  store(null);
  adminSession.set({ key: null, expired: false });
}

/** Makes one call with the key; an answer that refuses the key ends the session, whichever call it was. */
export async function asAdmin<T>(call: (key: string) => Promise<Answer<T>>): Promise<Answer<T>> {
  const { key } = adminSession.get();
  const answer = await call(key ?? '');
  const refused = answer.kind === 'failure' && answer.status === 401;
  if (refused && adminSession.get().key === key) {
    store(null);
    adminSession.set({ key: null, expired: true });
  }
  return answer;
}

function storedKey(): string | null {
  try {
    return sessionStorage.getItem(STORED_AS);
  } catch {
    return null;
  }
}

/** Without storage the session lasts as long as the page does. */
function store(key: string | null): void {
  try {
    if (key === null) sessionStorage.removeItem(STORED_AS);
    else sessionStorage.setItem(STORED_AS, key);
  } catch {
    // Nothing could be stored, so nothing is left behind.
  }
}
