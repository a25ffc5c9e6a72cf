import { expect, test } from 'vitest';
import { countdownText } from './time-text';

test.each([
  [3_661_000, '01:01:01'],
  [251_001, '00:04:12'],
  [1, '00:00:01'],
  [0, '00:00:00'],
  [-5000, '00:00:00'],
  [90_000_000, '1 d 01:00:00'],
])('%i ms are left as %s', (leftMs, text) => {
  expect(countdownText(leftMs)).toBe(text);
});
