import { useState } from 'react';
import type { Answer } from '../../../api/answer';
import { type Trouble, troubleOf } from '../trouble';

/** How far something that is done once has come. */
export type Doing =
  | { name: 'idle' }
  | { name: 'working' }
  | { name: 'trouble'; trouble: Trouble }
  /** Looked into: it was not done. */
  | { name: 'not' }
  /** The sale was over before. */
  | { name: 'tooLate' };

/** Runs one call after the other: a second press while one is under way does nothing. */
export function useDoing() {
  const [doing, setDoing] = useState<Doing>({ name: 'idle' });
  /** Runs `call` and leaves it to `settle` what a success means; null is that nothing more is to be shown. */
  const run = async <T>(call: () => Promise<Answer<T>>, settle: (answer: Answer<T>) => Doing | null) => {
    if (doing.name === 'working') return;
    setDoing({ name: 'working' });
    const next = settle(await call());
    if (next) setDoing(next);
  };
  return { doing, run };
}

/** What an answer that is no success means to who waits for it. */
export function notDone(answer: Exclude<Answer<unknown>, { kind: 'ok' }>): Doing {
  const tooLate = answer.kind === 'rejection' && answer.failure.code === 'SALE_NOT_MODIFIABLE';
  return tooLate ? { name: 'tooLate' } : { name: 'trouble', trouble: troubleOf(answer) };
}
