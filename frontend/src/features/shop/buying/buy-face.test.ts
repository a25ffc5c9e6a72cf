import { expect, test } from 'vitest';
import type { SaleStatus } from '../../../api/wire';
import { sale } from '../../../test/wire-answers';
import { shop as german } from '../../../texts/de/shop';
import { shop as english } from '../../../texts/en/shop';
import { buyFace, type FaceInput } from './buy-face';

const NOW = Date.now();

const face = (change: Partial<FaceInput> = {}, ofSale: Partial<SaleStatus> = {}) =>
  buyFace({
    sale: sale(ofSale),
    phase: { name: 'idle' },
    held: 0,
    nowMs: NOW,
    deviceNowMs: NOW,
    offline: false,
    words: { texts: english, locale: 'en' },
    ...change,
  });

/** No-break spaces are the locale's affair. */
const plain = (text: string) => text.replace(/\s/gu, ' ');

test('an upcoming sale counts down and cannot be pressed', () => {
  const upcoming = { state: 'UPCOMING', startTime: new Date(NOW + 252_000).toISOString() } as const;
  expect(face({}, upcoming)).toMatchObject({
    name: 'upcoming',
    label: 'Starts in',
    tick: '00:04:12',
    usable: false,
  });
});

test('at zero the button waits for the word of the server', () => {
  const due = { state: 'UPCOMING', startTime: new Date(NOW).toISOString() } as const;
  expect(face({}, due)).toMatchObject({ name: 'starting', usable: false });
});

test('a running sale can be bought', () => {
  expect(face()).toMatchObject({ name: 'live', label: 'Buy now', usable: true });
});

test('who holds the limit has bought, who holds less can buy another', () => {
  expect(face({ held: 1 })).toMatchObject({ name: 'bought', usable: false });
  expect(face({ held: 1 }, { limitPerBuyer: 3 })).toMatchObject({ label: 'Buy another', usable: true });
});

test('who is told of a purchase from before owns it already', () => {
  const phase = { name: 'rejected', code: 'ALREADY_PURCHASED', message: '', atVersion: 14 } as const;
  expect(face({ phase, held: 1 })).toMatchObject({
    name: 'alreadyBought',
    label: 'Already yours',
    usable: false,
  });
  expect(face({ phase: { ...phase, code: 'SOLD_OUT' }, held: 1 }).name).toBe('bought');
});

test.each([
  [14_900, 'EUR', 'Buy now · €149.00'],
  [1500, 'JPY', 'Buy now · ¥1,500'],
  [12_345, 'KWD', 'Buy now · KWD 12.345'],
  [0, 'EUR', 'Buy now · €0.00'],
])('the price of %d %s stands on the button', (priceMinor, currency, label) => {
  expect(plain(face({}, { priceMinor, currency }).label)).toBe(label);
});

test('the button speaks the language of the page, and writes prices as its reader does', () => {
  const words = { texts: german, locale: 'de-DE' };
  const priced = { priceMinor: 14_900, currency: 'EUR' };
  expect(plain(face({ words }, priced).label)).toBe('Jetzt kaufen · 149,00 €');
  expect(plain(face({ words, held: 1 }, { ...priced, limitPerBuyer: 2 }).label)).toBe('Noch eins · 149,00 €');
});

test('the limit of a sale is told before the first purchase, what is held after it', () => {
  expect(face({}, { limitPerBuyer: 3 }).hint).toBe('Up to 3 per buyer');
  expect(face({}, { limitPerBuyer: 1 }).hint).toBe('One per buyer');
  expect(face({ held: 1 }, { limitPerBuyer: 3 }).hint).toBe('You hold 1 of 3.');
});

test('a sale on hold before its start says so', () => {
  const held = { state: 'UPCOMING', paused: true, startTime: new Date(NOW + 60_000).toISOString() } as const;
  expect(face({}, held)).toMatchObject({
    name: 'upcoming',
    hint: 'On hold: it opens once the shop resumes it.',
  });
});

test('a purchase outlives the end of the sale on the button', () => {
  expect(face({ held: 1 }, { state: 'ENDED', endReason: 'TIME_EXPIRED' }).name).toBe('bought');
});

test.each([
  ['soldOut', { state: 'ENDED', endReason: 'SOLD_OUT', stock: 0 }],
  ['soldOut', { stock: 0 }],
  ['ended', { state: 'ENDED', endReason: 'TIME_EXPIRED' }],
  ['ended', { state: 'ENDED', endReason: 'ENDED_BY_ADMIN' }],
  ['paused', { paused: true }],
  ['starting', { state: 'UPCOMING', startTime: new Date(NOW - 60_000).toISOString() }],
] as const)('it is %s for %o', (name, ofSale) => {
  expect(face({}, ofSale)).toMatchObject({ name, usable: false });
});

test('a sold-out rejection holds until the stream moves on', () => {
  const phase = { name: 'rejected', code: 'SOLD_OUT', message: '', atVersion: 14 } as const;
  expect(face({ phase }, { version: 14, stock: 1 }).name).toBe('soldOut');
  expect(face({ phase }, { version: 16, stock: 1 }).name).toBe('live');
});

test('waiting is shown in whole seconds that never reach zero', () => {
  expect(face({ phase: { name: 'tooFast', untilMs: NOW + 2400 } }).tick).toBe('3 s');
  expect(face({ phase: { name: 'tooFast', untilMs: NOW - 5 } }).tick).toBe('1 s');
  expect(face({ phase: { name: 'busy', untilMs: NOW + 5 } }).tick).toBe('1 s');
});

test('a try that is under way in a busy shop is shown as that, without a wait', () => {
  const trying = face({ phase: { name: 'busy', untilMs: NOW - 5 } });
  expect([trying.label, trying.tick]).toEqual(['Very busy, trying again…', undefined]);
});

test('an attempt that rests says why: the shop was busy, or nothing is known', () => {
  const rests = (busy: boolean) => face({ phase: { name: 'stalled', busy } });
  expect(rests(true)).toMatchObject({ label: 'Try again', hint: 'The shop is still very busy.' });
  expect(rests(false)).toMatchObject({ label: 'Check my order', hint: 'The shop could not be reached.' });
});

test('an open attempt is shown before everything else', () => {
  expect(face({ phase: { name: 'checking' }, offline: true, held: 1 }).name).toBe('checking');
  expect(face({ phase: { name: 'deciding' } }, { state: 'ENDED' }).name).toBe('deciding');
});

test('a device without a network cannot buy', () => {
  expect(face({ offline: true })).toMatchObject({ name: 'offline', usable: false });
  expect(face({ offline: true, phase: { name: 'stalled', busy: false } }).usable).toBe(false);
});
