import { beforeEach, expect, test, vi } from 'vitest';
import { ServerClock } from './server-clock';

const at = (offsetMs: number) => new Date(Date.now() + offsetMs).toISOString();

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 1, 15, 10) });
});

test('the first word of a stream sets the clock', () => {
  const clock = new ServerClock();
  clock.tell(at(-90_000));
  expect(clock.offsetMs).toBe(-90_000);
  vi.advanceTimersByTime(5000);
  expect(clock.nowMs()).toBe(Date.now() - 90_000);
});

test('a read that a cache kept for a second does not set the clock back', () => {
  const clock = new ServerClock();
  clock.tell(at(500));
  clock.suggest(at(-400));
  expect(clock.offsetMs).toBe(500);
  clock.suggest(at(600));
  expect(clock.offsetMs).toBe(600);
});

test('a device whose clock was moved is put right by a read', () => {
  const clock = new ServerClock();
  clock.tell(at(0));
  vi.setSystemTime(Date.now() + 60_000);
  clock.suggest(at(-60_000));
  expect(clock.offsetMs).toBe(-60_000);
});
