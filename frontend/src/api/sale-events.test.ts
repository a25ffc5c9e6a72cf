import { expect, test } from 'vitest';
import { sale } from '../test/wire-answers';
import { parseSaleEvent } from './sale-events';

const told = (type: string | undefined, data: object) => parseSaleEvent(type, JSON.stringify(data));

test('the four events of a stream are understood', () => {
  const one = sale();
  expect(told('initial', one)).toEqual({ type: 'initial', sku: one.sku, sale: one });
  expect(told('stock-update', { sku: 'A', stock: 7, version: 3 })).toEqual({
    type: 'stock-update',
    sku: 'A',
    stock: 7,
    version: 3,
  });
  expect(
    told('state-change', { sku: 'A', state: 'ENDED', reason: 'SOLD_OUT', paused: false, version: 3 }),
  ).toEqual({
    type: 'state-change',
    sku: 'A',
    state: 'ENDED',
    endReason: 'SOLD_OUT',
    paused: false,
    version: 3,
  });
  expect(told('deleted', { sku: 'A', version: 3 })).toEqual({ type: 'deleted', sku: 'A' });
});

test.each([
  ['none is given', 'ACTIVE', undefined],
  ['the sale is not over', 'ACTIVE', 'RESTOCKED'],
  ['this page does not know it', 'ENDED', 'STRUCK_BY_LIGHTNING'],
])('a change has no reason of an end where %s', (_, state, reason) => {
  expect(told('state-change', { sku: 'A', state, reason, paused: true, version: 3 })).toMatchObject({
    endReason: null,
    paused: true,
  });
});

test.each([
  ['stock-update', '{"sku":"A","stock":"many","version":1}'],
  ['stock-update', '{"stock":7,"version":1}'],
  ['stock-update', '{"sku":"A","stock":7}'],
  ['state-change', 'not json'],
  ['state-change', '{"sku":"A","state":"MOON","paused":false,"version":1}'],
  ['initial', '{"sku":"A"}'],
  ['initial', JSON.stringify(sale({ serverTime: 'noon' }))],
  ['initial', JSON.stringify({ ...sale(), state: 'MOON' })],
  ['news', '{"sku":"A","version":1}'],
  [undefined, '{"sku":"A","version":1}'],
])('a %s event that this page does not understand is ignored: %s', (type, text) => {
  expect(parseSaleEvent(type, text)).toBeNull();
});
