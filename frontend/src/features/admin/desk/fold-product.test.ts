import { expect, test } from 'vitest';
import { product, sale } from '../../../test/wire-answers';
import { foldAnswer, foldEvent } from './fold-product';

const { sku } = product();

test('a stock that moves tells the units sold too', () => {
  const after = foldEvent(product({ version: 14 }), { type: 'stock-update', sku, stock: 40, version: 15 });
  expect(after).toMatchObject({ currentStock: 40, totalPurchases: 60, version: 15 });
});

test('what is older than what is shown changes nothing', () => {
  const shown = product({ version: 14 });
  expect(foldEvent(shown, { type: 'stock-update', sku, stock: 1, version: 13 })).toBe(shown);
  expect(foldEvent(shown, { type: 'initial', sku, sale: sale({ version: 13 }) })).toBe(shown);
  expect(foldAnswer(shown, product({ version: 13, productName: 'Old' })).productName).toBe(shown.productName);
});

test('a sale that was redefined brings its new fields', () => {
  const redefined = sale({
    version: 15,
    productName: 'New name',
    initialStock: 200,
    stock: 150,
    priceMinor: 5,
    currency: 'EUR',
  });
  expect(foldEvent(product({ version: 14 }), { type: 'initial', sku, sale: redefined })).toMatchObject({
    productName: 'New name',
    initialStock: 200,
    currentStock: 150,
    totalPurchases: 50,
    priceMinor: 5,
    currency: 'EUR',
  });
});

test('a sale that ends carries its reason, and loses it when units come back', () => {
  const over = foldEvent(product(), {
    type: 'state-change',
    sku,
    state: 'ENDED',
    endReason: 'SOLD_OUT',
    paused: false,
    version: 15,
  });
  expect(over).toMatchObject({ state: 'ENDED', endReason: 'SOLD_OUT' });
  const again = foldEvent(over, {
    type: 'state-change',
    sku,
    state: 'ACTIVE',
    endReason: null,
    paused: false,
    version: 16,
  });
  expect(again).toMatchObject({ state: 'ACTIVE', endReason: null });
});

test('at the same version a state never goes back', () => {
  const started = product({ state: 'ACTIVE', version: 14 });
  expect(foldAnswer(started, product({ state: 'UPCOMING', version: 14 })).state).toBe('ACTIVE');
});

test('the ledger’s count is taken from every answer that has one and kept over those that do not', () => {
  const shown = product({ version: 14, persistedPurchases: 3 });
  expect(foldAnswer(shown, product({ version: 13, persistedPurchases: 9 }))).toMatchObject({
    version: 14,
    persistedPurchases: 9,
  });
  const { persistedPurchases: _, ...changed } = product({ version: 15 });
  expect(foldAnswer(shown, changed)).toMatchObject({ version: 15, persistedPurchases: 3 });
});

test('a sku that was created again starts with the counts of its own', () => {
  const old = product({ createdAt: '2026-01-01T00:00:00.000Z', version: 14, persistedPurchases: 13 });
  const fresh = product({ createdAt: '2026-02-01T00:00:00.000Z', version: 20, persistedPurchases: 0 });
  expect(foldAnswer(old, fresh)).toBe(fresh);
  expect(foldAnswer(fresh, old)).toBe(fresh);
});
