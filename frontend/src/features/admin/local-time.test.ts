import { expect, test } from 'vitest';
import { instantOf, localEntry, utcText } from './local-time';

test.each(['2026-02-15T10:00:00.000Z', '2026-07-31T22:59:30.000Z'])(
  '%s survives the way through the form',
  (instant) => {
    expect(instantOf(localEntry(instant))).toBe(instant);
  },
);

test('an entry is in the time zone of this device, without seconds unless there are any', () => {
  expect(localEntry(new Date(2026, 1, 5, 9, 7).getTime())).toBe('2026-02-05T09:07');
  expect(localEntry(new Date(2026, 1, 5, 9, 7, 3).getTime())).toBe('2026-02-05T09:07:03');
});

test('what is not filled in is no instant', () => {
  expect(instantOf('')).toBeNull();
});

test('UTC is told without seconds unless there are any', () => {
  expect(utcText('2026-02-15T10:00:00.000Z')).toBe('2026-02-15 10:00 UTC');
  expect(utcText('2026-02-15T10:00:05.000Z')).toBe('2026-02-15 10:00:05 UTC');
});
