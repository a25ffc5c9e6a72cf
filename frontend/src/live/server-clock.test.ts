import { beforeEach, expect, test, vi } from 'vitest';
import { ServerClock } from './server-clock';

const at = (offsetMs: number) => new Date(Date.now() + offsetMs).toISOString();

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 1, 15, 10) });
});

test('the first word of the server sets the clock, and it runs on', () => {
  const clock = new ServerClock();
  clock.hear(at(-90_000));
  expect(clock.offsetMs).toBe(-90_000);
  vi.advanceTimersByTime(5000);
  expect(clock.nowMs()).toBe(Date.now() - 90_000);
});

test('a word that a slow network or a cache kept for a while does not set the clock back', () => {
  const clock = new ServerClock();
  clock.hear(at(500));
  clock.hear(at(-400));
  expect(clock.offsetMs).toBe(500);
  clock.hear(at(600));
  expect(clock.offsetMs).toBe(600);
});

test.each([60_000, -60_000])('a device whose clock was moved by %d ms is put right', (movedMs) => {
  const clock = new ServerClock();
  clock.hear(at(0));
  vi.setSystemTime(Date.now() + movedMs);
  clock.hear(at(-movedMs));
  expect(clock.offsetMs).toBe(-movedMs);
});
