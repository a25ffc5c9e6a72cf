import { expect, test } from 'vitest';
import type { SaleStatus } from '../../../api/wire';
import { sale } from '../../../test/wire-answers';
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
    ...change,
  });

test('an upcoming sale counts down and cannot be pressed', () => {
  const upcoming = { state: 'UPCOMING', startTime: new Date(NOW + 252_000).toISOString() } as const;
  expect(face({}, upcoming)).toMatchObject({ name: 'upcoming', label: 'Starts in 00:04:12', usable: false });
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

test('a purchase outlives the end of the sale on the button', () => {
  expect(face({ held: 1 }, { state: 'ENDED', endReason: 'TIME_EXPIRED' }).name).toBe('bought');
});

test.each([
  ['soldOut', { state: 'ENDED', endReason: 'SOLD_OUT', stock: 0 }],
  ['soldOut', { stock: 0 }],
  ['ended', { state: 'ENDED', endReason: 'TIME_EXPIRED' }],
  ['ended', { state: 'ENDED', endReason: 'ENDED_BY_ADMIN' }],
  ['paused', { paused: true }],
] as const)('it is %s for %o', (name, ofSale) => {
  expect(face({}, ofSale)).toMatchObject({ name, usable: false });
});

test('a sold-out rejection holds until the stream moves on', () => {
  const phase = { name: 'rejected', code: 'SOLD_OUT', message: '', atVersion: 14 } as const;
  expect(face({ phase }, { version: 14, stock: 1 }).name).toBe('soldOut');
  expect(face({ phase }, { version: 16, stock: 1 }).name).toBe('live');
});

test('waiting is shown in whole seconds that never reach zero', () => {
  expect(face({ phase: { name: 'tooFast', untilMs: NOW + 2400 } }).label).toBe('Too fast, try again in 3 s');
  expect(face({ phase: { name: 'busy', untilMs: NOW - 5 } }).label).toBe('Very busy, next try in 1 s');
});

test('an open attempt is shown before everything else', () => {
  expect(face({ phase: { name: 'checking' }, offline: true, held: 1 }).name).toBe('checking');
  expect(face({ phase: { name: 'deciding' } }, { state: 'ENDED' }).name).toBe('deciding');
});

test('a device without a network cannot buy', () => {
  expect(face({ offline: true })).toMatchObject({ name: 'offline', usable: false });
  expect(face({ offline: true, phase: { name: 'stalled' } }).usable).toBe(false);
});
