import { expect, test } from 'vitest';
import { countdownText, receiptTimeText } from './time-text';

test.each([
  [3_661_000, '01:01:01'],
  [251_001, '00:04:12'],
  [1, '00:00:01'],
  [0, '00:00:00'],
  [-5000, '00:00:00'],
  [90_000_000, '1d 01:00:00'],
])('%i ms are left as %s', (leftMs, text) => {
  expect(countdownText('en', leftMs)).toBe(text);
});

test('days are written as the locale has them', () => {
  expect(countdownText('de-DE', 180_000_000).replace(/\s/gu, ' ')).toBe('2 T 02:00:00');
});

test.each([
  ['en', /^Feb 15, 2026, \d\d:\d\d:04 \S+$/],
  ['de', /^15\. Feb\. 2026, \d\d:\d\d:04 \S+$/],
])('the time on a receipt names its zone (%s)', (locale, text) => {
  expect(receiptTimeText(locale, Date.UTC(2026, 1, 15, 12, 3, 4))).toMatch(text);
});
