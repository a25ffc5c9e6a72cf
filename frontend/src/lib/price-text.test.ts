import { expect, test } from 'vitest';
import { currencyDigits, priceText } from './price-text';

/** No-break spaces are the locale's affair. */
const plain = (text: string) => text.replace(/\s/gu, ' ');

test.each([
  ['en', 14_900, 'EUR', '€149.00'],
  ['en', 129_905, 'USD', '$1,299.05'],
  ['en', 0, 'EUR', '€0.00'],
  ['en', 7, 'GBP', '£0.07'],
  ['en', 1500, 'JPY', '¥1,500'],
  ['en', 12_345, 'KWD', 'KWD 12.345'],
  ['en', 1_000_000_000_000, 'EUR', '€10,000,000,000.00'],
  ['de', 129_905, 'EUR', '1.299,05 €'],
  ['de', 1500, 'JPY', '1.500 ¥'],
  ['de', 12_345, 'KWD', '12,345 KWD'],
])('in %s %d of the smallest unit of %s is %s', (locale, minor, currency, text) => {
  expect(plain(priceText(locale, minor, currency))).toBe(text);
});

/** Where browsers follow everyday use instead of ISO 4217, with the digits of the standard. */
const USED_OTHERWISE: Readonly<Record<string, number>> = {
  AFN: 2,
  ALL: 2,
  COP: 2,
  HUF: 2,
  IDR: 2,
  IQD: 3,
  IRR: 2,
  KPW: 2,
  LAK: 2,
  LBP: 2,
  MGA: 2,
  MMK: 2,
  PKR: 2,
  SLL: 2,
  SOS: 2,
  SYP: 2,
  YER: 2,
};
const WITHOUT_SMALLER_UNIT = 'XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX'.split(' ');

function browserDigits(currency: string): number | undefined {
  const format = new Intl.NumberFormat('en', { style: 'currency', currency });
  return format.resolvedOptions().maximumFractionDigits;
}

test('every currency that browsers know has the digits of ISO 4217, which theirs are but for a few', () => {
  const known = Intl.supportedValuesOf('currency').filter((code) => !WITHOUT_SMALLER_UNIT.includes(code));
  expect(known.length).toBeGreaterThan(150);
  const expected = known.map((code) => [code, USED_OTHERWISE[code] ?? browserDigits(code)]);
  expect(known.map((code) => [code, currencyDigits(code)])).toEqual(expected);
});

test('what has no smaller unit is counted in whole ones', () => {
  expect(WITHOUT_SMALLER_UNIT.map(currencyDigits)).toEqual(WITHOUT_SMALLER_UNIT.map(() => 0));
});

test.each(['en', 'de'])('the smallest unit of every currency is never rounded away in %s', (locale) => {
  for (const currency of Intl.supportedValuesOf('currency')) {
    const digits = priceText(locale, 123_456, currency).replace(/[^\d]/g, '');
    expect([currency, digits]).toEqual([currency, '123456']);
  }
});
