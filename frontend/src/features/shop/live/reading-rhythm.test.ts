import { expect, test } from 'vitest';
import { sale } from '../../../test/wire-answers';
import { nextReadInMs, type Situation } from './reading-rhythm';

const NOW = Date.now();

const situation = (change: Partial<Situation> = {}): Situation => ({
  sale: sale(),
  missing: false,
  streamOpen: true,
  silentForMs: 0,
  notOpenForMs: 0,
  serverNowMs: NOW,
  failures: 0,
  retryAfterMs: 0,
  luck: 0,
  ...change,
});

test('a page with an open stream reads after 30 s of silence at the earliest', () => {
  expect(nextReadInMs(situation())).toBe(30_000);
  expect(nextReadInMs(situation({ luck: 1 }))).toBe(45_000);
});

test('a lost stream gets 30 s to come back before the page polls', () => {
  expect(nextReadInMs(situation({ streamOpen: false, notOpenForMs: 10_000 }))).toBe(20_000);
});

test('polling comes every 2 to 5 s, by the luck of the page', () => {
  const lost = { streamOpen: false, notOpenForMs: 60_000 };
  expect(nextReadInMs(situation({ ...lost, luck: 0 }))).toBe(2000);
  expect(nextReadInMs(situation({ ...lost, luck: 1 }))).toBe(5000);
});

test('nobody reads at the start of a sale, only when its event is overdue', () => {
  const upcoming = sale({ state: 'UPCOMING', startTime: new Date(NOW + 1000).toISOString() });
  expect(nextReadInMs(situation({ sale: upcoming, luck: 0 }))).toBe(4000);
  expect(nextReadInMs(situation({ sale: upcoming, luck: 1 }))).toBe(9000);
});

test('what the server asks us to wait is waited', () => {
  const lost = { streamOpen: false, notOpenForMs: 60_000, failures: 1, retryAfterMs: 12_000 };
  expect(nextReadInMs(situation(lost))).toBe(12_000);
  expect(nextReadInMs(situation({ sale: null, failures: 1 }))).toBeGreaterThan(0);
});

test('a missing sale is asked for slowly', () => {
  expect(nextReadInMs(situation({ sale: null, missing: true, luck: 0 }))).toBe(10_000);
  expect(nextReadInMs(situation({ sale: null, missing: true, luck: 1 }))).toBe(20_000);
});
