import { expect, test } from 'vitest';
import { backoffMs } from './backoff';

const range = { baseMs: 500, capMs: 8000 };
const least = () => 0;
const most = () => 1;

test('waits double from try to try, up to their cap', () => {
  expect([0, 1, 2, 3, 4, 50, 5000].map((tries) => backoffMs(range, tries, 0, most))).toEqual([
    500, 1000, 2000, 4000, 8000, 8000, 8000,
  ]);
});

test('luck spreads a wait over all but its first quarter', () => {
  expect(backoffMs(range, 1, 0, least)).toBe(250);
  expect(backoffMs(range, 1, 0, () => 0.5)).toBe(625);
});

test('what the server asked everybody for is waited by all, and spread over as long again', () => {
  expect([least, most].map((luck) => backoffMs(range, 0, 20_000, luck))).toEqual([25_000, 40_000]);
  expect([least, most].map((luck) => backoffMs(range, 3, 1000, luck))).toEqual([2000, 5000]);
});

test.each([-5000, 3_000_000_000])(
  'a server that asks for %d ms gets a wait that a timer can hold',
  (askedMs) => {
    const waitMs = backoffMs(range, 0, askedMs, most);
    expect(waitMs).toBeGreaterThanOrEqual(500);
    expect(waitMs).toBeLessThanOrEqual(20 * 60_000);
  },
);
