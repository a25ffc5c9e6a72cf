import { expect, test } from 'vitest';
import type { SaleStatus } from '../../api/wire';
import { sale } from '../../test/wire-answers';
import { shop as german } from '../../texts/de/shop';
import { shop as english } from '../../texts/en/shop';
import { announce, type Moment } from './announce';

const NOW = Date.now();
const moment = (change: Partial<Moment> = {}, ofSale: Partial<SaleStatus> = {}): Moment => ({
  sale: sale(ofSale),
  face: 'live',
  nowMs: NOW,
  ...change,
});

const said = (before: Moment, after: Moment) => announce(before, after, english);

test('a single sold unit is not spoken', () => {
  expect(said(moment({}, { stock: 87 }), moment({}, { stock: 86 }))).toBeNull();
});

test('each tenth of the stock is spoken once', () => {
  expect(said(moment({}, { stock: 81 }), moment({}, { stock: 80 }))).toBe('About 80 percent left.');
});

test('each of the last ten units is spoken', () => {
  expect(said(moment({}, { stock: 8 }), moment({}, { stock: 7 }))).toBe('Only 7 left.');
});

test.each([
  [600, 'The sale starts in 10 minutes.'],
  [60, 'The sale starts in 1 minute.'],
  [10, 'The sale starts in 10 seconds.'],
  [30, null],
])('%i s before the start it says %s', (seconds, sentence) => {
  const upcoming = { state: 'UPCOMING', startTime: new Date(NOW).toISOString() } as const;
  const before = moment({ face: 'upcoming', nowMs: NOW - seconds * 1000 - 500 }, upcoming);
  expect(said(before, { ...before, nowMs: NOW - seconds * 1000 + 500 })).toBe(sentence);
});

test.each([
  ['starting', 'live', 'The sale has started.'],
  ['live', 'paused', 'The sale is paused.'],
  ['paused', 'live', 'The sale is on again.'],
  ['live', 'soldOut', 'Sold out.'],
  ['soldOut', 'live', 'Units came back: the sale is on again.'],
  ['live', 'ended', 'The sale has ended.'],
  ['live', 'busy', 'The shop is very busy. Your order is sent again automatically.'],
  ['live', 'checking', 'Checking your order.'],
] as const)('from %s to %s it says: %s', (from, to, sentence) => {
  expect(said(moment({ face: from }), moment({ face: to }))).toBe(sentence);
});

test("the buyer's own outcome is not spoken twice: the receipt has the focus", () => {
  expect(said(moment({ face: 'deciding' }), moment({ face: 'bought' }))).toBeNull();
});

test('it speaks the language of the page', () => {
  const sentence = announce(moment({}, { stock: 8 }), moment({}, { stock: 7 }), german);
  expect(sentence).toBe('Nur noch 7.');
});
