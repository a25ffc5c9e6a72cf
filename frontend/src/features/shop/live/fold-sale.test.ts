import { expect, test } from 'vitest';
import { parseSaleEvent } from '../../../api/sale-events';
import { sale } from '../../../test/wire-answers';
import { foldEvent, foldRead } from './fold-sale';

test('a newer stock replaces the older one', () => {
  const after = foldEvent(sale({ version: 14 }), { type: 'stock-update', stock: 80, version: 21 });
  expect(after).toMatchObject({ stock: 80, version: 21 });
});

test('an event with a lower version changes nothing', () => {
  const before = sale({ version: 14 });
  expect(foldEvent(before, { type: 'stock-update', stock: 99, version: 13 })).toBe(before);
  expect(
    foldEvent(before, { type: 'state-change', state: 'UPCOMING', reason: null, paused: true, version: 13 }),
  ).toBe(before);
});

test('the start of a sale carries the version as it stands and applies', () => {
  const after = foldEvent(sale({ state: 'UPCOMING', version: 3 }), {
    type: 'state-change',
    state: 'ACTIVE',
    reason: null,
    paused: false,
    version: 3,
  });
  expect(after.state).toBe('ACTIVE');
});

test('an end keeps its reason, and a restock takes it away', () => {
  const ended = foldEvent(sale(), {
    type: 'state-change',
    state: 'ENDED',
    reason: 'SOLD_OUT',
    paused: false,
    version: 20,
  });
  expect(ended.endReason).toBe('SOLD_OUT');
  const back = foldEvent(ended, {
    type: 'state-change',
    state: 'ACTIVE',
    reason: 'RESTOCKED',
    paused: false,
    version: 21,
  });
  expect(back).toMatchObject({ state: 'ACTIVE', endReason: null });
});

test('the first event of a connection holds whatever came before', () => {
  const fresh = sale({ stock: 5, version: 2 });
  expect(foldEvent(sale({ version: 14 }), { type: 'initial', sale: fresh })).toBe(fresh);
});

test('a read that is a moment behind neither lowers the version nor turns the state back', () => {
  const shown = sale({ version: 14, state: 'ACTIVE' });
  expect(foldRead(shown, sale({ version: 13 }))).toBe(shown);
  expect(foldRead(shown, sale({ version: 14, state: 'UPCOMING' }))).toBe(shown);
  expect(foldRead(shown, sale({ version: 14, state: 'ENDED' })).state).toBe('ENDED');
});

test('an event that this page does not understand is ignored', () => {
  expect(parseSaleEvent('stock-update', '{"stock":"many"}')).toBeNull();
  expect(parseSaleEvent('state-change', 'not json')).toBeNull();
  expect(parseSaleEvent('state-change', '{"state":"MOON","paused":false,"version":1}')).toBeNull();
});
