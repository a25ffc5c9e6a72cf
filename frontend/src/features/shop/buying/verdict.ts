import type { Answer } from '../../../api/answer';
import type { Purchase } from '../../../api/wire';

/** What an answer to an attempt means for the one key that was sent. */
export type Verdict =
  | { name: 'bought'; purchase: Purchase }
  | { name: 'rejected'; code: string; message: string; purchase: Purchase | null }
  /** The key bought before, with another quantity. */
  | { name: 'keyReused' }
  /** The request was wrong; repeating it cannot help. */
  | { name: 'refused'; message: string; fields: Record<string, string> }
  | { name: 'tooFast'; waitMs: number }
  | { name: 'busy'; waitMs: number }
  | { name: 'unknown' };

export function verdictOf(answer: Answer<Purchase>): Verdict {
  if (answer.kind === 'unknown') return { name: 'unknown' };
  if (answer.kind === 'ok') return { name: 'bought', purchase: answer.data };
  const { code, message, fields, retryAfter, purchase } = answer.failure;
  if (answer.kind === 'rejection') return { name: 'rejected', code, message, purchase: purchase ?? null };
  const waitMs = Math.max(0, (retryAfter ?? 1) * 1000);
  if (answer.status === 429) return { name: 'tooFast', waitMs };
  if (answer.status === 503) return { name: 'busy', waitMs };
  if (answer.status === 422) return { name: 'keyReused' };
  // A server that broke while deciding may have decided: only repeating the key tells.
  if (answer.status >= 500) return { name: 'unknown' };
  return { name: 'refused', message, fields: { ...fields } };
}
