import { expect, test } from 'vitest';
import { sale } from '../test/wire-answers';
import { recentSales } from './recent-sales';

const widget = (stock: number) => sale({ sku: 'WIDGET-001', stock });
const seen = (asOfMs: number, ...sales: ReturnType<typeof sale>[]) => ({
  sales: new Map(sales.map((one) => [one.sku, one])),
  asOfMs,
});
const stockOf = (sku: string) => recentSales.recall(sku)?.sales.get(sku)?.stock;

test('a new tab knows nothing', () => {
  expect([recentSales.recall(null), recentSales.recall('WIDGET-001')]).toEqual([null, null]);
});

test('the page of a sale begins with what the page of all showed of it, and with that alone', () => {
  recentSales.see(null, seen(100, widget(5), sale({ sku: 'GADGET-2' })));
  const recalled = recentSales.recall('WIDGET-001');
  expect([...(recalled?.sales.keys() ?? [])]).toEqual(['WIDGET-001']);
  expect(recalled?.asOfMs).toBe(100);
  expect(recentSales.recall('NO-SUCH')).toBeNull();
});

test('of two pages that showed a sale the later one is believed', () => {
  recentSales.see(null, seen(100, widget(5)));
  recentSales.see('WIDGET-001', seen(200, widget(4)));
  expect(stockOf('WIDGET-001')).toBe(4);
  recentSales.see(null, seen(300, widget(3)));
  expect(stockOf('WIDGET-001')).toBe(3);
});

test('one sale is not all of them', () => {
  recentSales.see('WIDGET-001', seen(100, widget(5)));
  expect(recentSales.recall(null)).toBeNull();
});

test('a sale that was gone is not there again because it once was', () => {
  recentSales.see(null, seen(100, widget(5)));
  recentSales.see('WIDGET-001', seen(200));
  expect(recentSales.recall('WIDGET-001')?.sales.size).toBe(0);
});
