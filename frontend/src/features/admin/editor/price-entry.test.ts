import { expect, test } from 'vitest';
import { priceEntry, priceMinorOf } from './price-entry';

test.each([
  [14_900, 'EUR', 'en', '149.00'],
  [14_900, 'EUR', 'de', '149,00'],
  [5, 'USD', 'en', '0.05'],
  [1200, 'JPY', 'en', '1200'],
  [1234, 'KWD', 'en', '1.234'],
  [1_000_000_000_000, 'EUR', 'en', '10000000000.00'],
])('%i in %s is typed in %s as %s', (minor, currency, locale, entry) => {
  expect(priceEntry(minor, currency, locale)).toBe(entry);
  expect(priceMinorOf(entry, currency)).toBe(minor);
});

test.each([
  ['149', 'EUR', 14_900],
  ['149,5', 'EUR', 14_950],
  [' 1 200 ', 'JPY', 1200],
  ['1,234', 'KWD', 1234],
  ['0', 'EUR', 0],
])('%s in %s is %i', (entry, currency, minor) => {
  expect(priceMinorOf(entry, currency)).toBe(minor);
});

test.each([
  ['1,234.50', 'EUR'],
  ['1,234', 'EUR'],
  ['12.5', 'JPY'],
  ['-1', 'EUR'],
  ['free', 'EUR'],
  ['.5', 'EUR'],
  ['', 'EUR'],
])('%s is no price in %s', (entry, currency) => {
  expect(priceMinorOf(entry, currency)).toBeNull();
});
