import { dropStored, readStored, writeStored } from '../../../lib/local-store';

const STORED_AS = 'stampede:buyer';
export const NAME_CODE_POINTS_MAX = 255;

/** The stored name, '' when there is none. */
export const storedBuyer = (): string => readStored(STORED_AS) ?? '';

export function storeBuyer(name: string): void {
  if (name === '') dropStored(STORED_AS);
  else writeStored(STORED_AS, name);
}

/** What is wrong with a trimmed name, by the server's rules; null when nothing is. */
export function nameProblem(name: string): NameProblem | null {
  if (name === '') return 'missing';
  if ([...name].length > NAME_CODE_POINTS_MAX) return 'tooLong';
  return /\p{Cc}/u.test(name) ? 'unprintable' : null;
}

export type NameProblem = 'missing' | 'tooLong' | 'unprintable';
