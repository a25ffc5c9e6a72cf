import { expect, test } from 'vitest';
import type { SaleEvent } from '../api/sale-events';
import type { SaleStatus } from '../api/wire';
import { sale } from '../test/wire-answers';
import { foldEvent, foldRead, type Sales } from './fold-sales';

const sku = 'WIDGET-001';
const shown = (...sales: SaleStatus[]): Sales => new Map(sales.map((one) => [one.sku, one]));
const stock = (units: number, version: number): SaleEvent => ({
  type: 'stock-update',
  sku,
  stock: units,
  version,
});
const turned = (change: Partial<Extract<SaleEvent, { type: 'state-change' }>>): SaleEvent => ({
  type: 'state-change',
  sku,
  state: 'ACTIVE',
  endReason: null,
  paused: false,
  version: 14,
  ...change,
});

test('a newer stock replaces the older one, of that sale alone', () => {
  const other = sale({ sku: 'GADGET-2', stock: 5 });
  const after = foldEvent(shown(sale({ version: 14 }), other), stock(80, 21));
  expect(after.get(sku)).toMatchObject({ stock: 80, version: 21 });
  expect(after.get('GADGET-2')).toBe(other);
});

test('an event with a lower version changes nothing', () => {
  const before = shown(sale({ version: 14 }));
  expect(foldEvent(before, stock(99, 13))).toBe(before);
  expect(foldEvent(before, turned({ state: 'UPCOMING', paused: true, version: 13 }))).toBe(before);
});

test('an event of a sale that is not shown changes nothing', () => {
  const before = shown();
  expect(foldEvent(before, stock(99, 13))).toBe(before);
  expect(foldEvent(before, turned({}))).toBe(before);
});

test('the start of a sale carries the version as it stands and applies', () => {
  const after = foldEvent(shown(sale({ state: 'UPCOMING', version: 3 })), turned({ version: 3 }));
  expect(after.get(sku)?.state).toBe('ACTIVE');
});

test('an end keeps its reason, and a restock takes it away', () => {
  const ended = foldEvent(shown(sale()), turned({ state: 'ENDED', endReason: 'SOLD_OUT', version: 20 }));
  expect(ended.get(sku)?.endReason).toBe('SOLD_OUT');
  const back = foldEvent(ended, turned({ version: 21 }));
  expect(back.get(sku)).toMatchObject({ state: 'ACTIVE', endReason: null });
});

test('the first event of a connection holds whatever came before', () => {
  const fresh = sale({ stock: 5, version: 2 });
  const after = foldEvent(shown(sale({ version: 14 })), { type: 'initial', sku, sale: fresh });
  expect(after.get(sku)).toBe(fresh);
});

test('a deleted sale goes', () => {
  expect(foldEvent(shown(sale()), { type: 'deleted', sku }).size).toBe(0);
});

test('a read that is a moment behind neither lowers the version nor turns the state back', () => {
  const before = sale({ version: 14, state: 'ACTIVE' });
  const after = (read: SaleStatus) => foldRead(shown(before), [read]).get(sku);
  expect(after(sale({ version: 13 }))).toBe(before);
  expect(after(sale({ version: 14, state: 'UPCOMING' }))).toBe(before);
  expect(after(sale({ version: 14, state: 'ENDED' }))?.state).toBe('ENDED');
});

test('what a read does not name is gone, and what it names anew is there', () => {
  const after = foldRead(shown(sale()), [sale({ sku: 'GADGET-2' })]);
  expect([...after.keys()]).toEqual(['GADGET-2']);
});
