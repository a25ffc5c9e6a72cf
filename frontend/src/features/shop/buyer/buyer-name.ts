import { dropStored, readStored, writeStored } from '../../../lib/local-store';

const STORED_AS = 'stampede:buyer';
const CODE_POINTS_MAX = 255;

/** The stored name, '' when there is none. */
export const storedBuyer = (): string => readStored(STORED_AS) ?? '';

export function storeBuyer(name: string): void {
  if (name === '') dropStored(STORED_AS);
  else writeStored(STORED_AS, name);
}

/** What is wrong with a trimmed name, by the server's rules; null when nothing is. */
export function nameProblem(name: string): string | null {
  if (name === '') return 'Enter your name first.';
  if ([...name].length > CODE_POINTS_MAX) return `Use at most ${CODE_POINTS_MAX} characters.`;
  return /\p{Cc}/u.test(name) ? 'Use visible characters only.' : null;
}
