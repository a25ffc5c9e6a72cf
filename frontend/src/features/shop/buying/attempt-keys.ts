import { isRecord } from '../../../api/answer';
import { dropStored, readStored, writeStored } from '../../../lib/local-store';
import { randomKey } from '../../../lib/random-key';

/** An attempt whose outcome this browser does not know yet. */
export interface PendingAttempt {
  key: string;
  /** When "Buy" was pressed for it last; 0 if nobody wishes it to go on by itself. */
  wishedAtMs: number;
}

// A sku has no colon, so no sku and buyer share a name with another pair.
const nameOf = (sku: string, buyer: string) => `stampede:attempt:${sku}:${buyer}`;

export function pendingAttempt(sku: string, buyer: string): PendingAttempt | null {
  try {
    const stored: unknown = JSON.parse(readStored(nameOf(sku, buyer)) ?? 'null');
    if (!isRecord(stored) || typeof stored.key !== 'string' || stored.key === '') return null;
    return { key: stored.key, wishedAtMs: typeof stored.wishedAtMs === 'number' ? stored.wishedAtMs : 0 };
  } catch {
    return null;
  }
}

/**
 * The key of a press: the pending one, else a new one.
 *
 * It is stored before anything is sent, so that a reload or a crash repeats this key and never makes a second.
 */
export function keyToSend(sku: string, buyer: string): string {
  const key = pendingAttempt(sku, buyer)?.key ?? randomKey();
  store(sku, buyer, { key, wishedAtMs: Date.now() });
  return key;
}

/** Keeps the key for the next press, but no reload goes on with the attempt by itself. */
export function layAside(sku: string, buyer: string): void {
  const pending = pendingAttempt(sku, buyer);
  if (pending) store(sku, buyer, { ...pending, wishedAtMs: 0 });
}

/** Forgets the key, only once its outcome is decided; another tab's newer one stays. */
export function dropAttempt(sku: string, buyer: string, key: string): void {
  if (pendingAttempt(sku, buyer)?.key === key) dropStored(nameOf(sku, buyer));
}

function store(sku: string, buyer: string, attempt: PendingAttempt): void {
  writeStored(nameOf(sku, buyer), JSON.stringify(attempt));
}
