import { expect, test } from 'vitest';
import { type Away, nextReadInMs, type Pace } from './reading-rhythm';

/** The least and the most that pages wait. */
function spread(away: Partial<Away>, pace: Partial<Pace> = {}): number[] {
  const known = { stream: 'broken', told: true, forMs: 0, ...away } as const;
  return [0, 1].map((luck) => nextReadInMs(known, { failures: 0, retryAfterMs: 0, luck, ...pace }));
}

test('a broken stream gets 30 s to come back before its page reads', () => {
  expect(spread({ forMs: 10_000 })).toEqual([20_000, 20_000]);
});

test('reads in place of the stream come every 2 to 5 s, by the luck of the page', () => {
  expect(spread({ forMs: 60_000 })).toEqual([2000, 5000]);
  expect(spread({ stream: 'refused' })).toEqual([2000, 5000]);
});

test('a page that was told nothing reads within a second once its stream is lost', () => {
  expect(spread({ told: false })).toEqual([0, 1000]);
  expect(spread({ told: false, stream: 'refused' })).toEqual([0, 1000]);
});

test('a page whose stream is on its way reads only when it takes long', () => {
  expect(spread({ told: false, stream: 'opening' })).toEqual([3000, 6000]);
});

test('what the server asks us to wait is waited, and more', () => {
  expect(spread({ forMs: 60_000 }, { failures: 1, retryAfterMs: 12_000 })).toEqual([15_000, 24_000]);
});

test('failures slow a page down', () => {
  const waits = [1, 2, 3, 4, 5, 6].map((failures) => spread({ told: false }, { failures })[1]);
  expect(waits).toEqual([1000, 2000, 4000, 8000, 15_000, 15_000]);
});
