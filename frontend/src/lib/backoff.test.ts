import { expect, test } from 'vitest';
import { backoffMs } from './backoff';

const range = { baseMs: 500, capMs: 8000 };

test('waits double from try to try, up to their cap', () => {
  expect([0, 1, 2, 3, 4, 50].map((tries) => backoffMs(range, tries, () => 1))).toEqual([
    500, 1000, 2000, 4000, 8000, 8000,
  ]);
});

test('luck spreads a wait over its upper half', () => {
  expect(backoffMs(range, 1, () => 0)).toBe(500);
  expect(backoffMs(range, 1, () => 0.5)).toBe(750);
});
