import type { Answer } from '../../api/answer';

/** Why a call did not bring what it asked for, as far as an admin can act on it. */
export type Trouble =
  | { name: 'keyRefused' }
  | { name: 'tooFast'; seconds: number }
  /** The product is not there (any more). */
  | { name: 'gone' }
  /** The server said no; asking again brings the same. */
  | { name: 'refused'; message: string }
  /** The server does not know, or has no time: a change may have been made. */
  | { name: 'busy'; message: string }
  /** No readable answer came: a change may have been made. */
  | { name: 'noAnswer' };

export function troubleOf(answer: Exclude<Answer<unknown>, { kind: 'ok' }>): Trouble {
  if (answer.kind === 'unknown') return { name: 'noAnswer' };
  const { code, message, retryAfter } = answer.failure;
  if (answer.kind === 'rejection') return { name: 'refused', message };
  if (answer.status === 401) return { name: 'keyRefused' };
  if (answer.status === 429) return { name: 'tooFast', seconds: Math.max(1, retryAfter ?? 1) };
  if (answer.status >= 500) return { name: 'busy', message };
  return code === 'NOT_FOUND' ? { name: 'gone' } : { name: 'refused', message };
}

/** Whether a change that met this trouble may have been made all the same. */
export function leavesOpen(trouble: Trouble): boolean {
  return trouble.name === 'busy' || trouble.name === 'noAnswer';
}
