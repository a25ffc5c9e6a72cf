import { HttpResponse } from 'msw';
import type { Product, Purchase, SaleStatus } from '../api/wire';

export const PURCHASES = '*/api/v1/purchases';
export const PRODUCTS = '*/api/v1/products';

/** The server's clock, as far as it is ahead of this device's. */
export const serverClock = { aheadMs: 0 };

/** The sale as the server tells it now. */
export const stamped = (told: SaleStatus): SaleStatus => ({
  ...told,
  serverTime: new Date(Date.now() + serverClock.aheadMs).toISOString(),
});

/** A running sale, an hour from its end. */
export function sale(change: Partial<SaleStatus> = {}): SaleStatus {
  const now = Date.now();
  return {
    sku: 'WIDGET-001',
    productName: 'Limited Edition Widget',
    description: null,
    picture: null,
    priceMinor: null,
    currency: null,
    state: 'ACTIVE',
    stock: 87,
    initialStock: 100,
    startTime: new Date(now - 60_000).toISOString(),
    endTime: new Date(now + 3_600_000).toISOString(),
    endReason: null,
    paused: false,
    limitPerBuyer: 1,
    version: 14,
    serverTime: new Date(now).toISOString(),
    ...change,
  };
}

/** The product of that sale, as an admin reads it. */
export function product(change: Partial<Product> = {}): Product {
  const { serverTime: _, stock, ...page } = sale();
  return {
    ...page,
    acknowledge: 'gate',
    createdAt: '2026-02-15T09:00:00.000Z',
    currentStock: stock,
    totalPurchases: page.initialStock - stock,
    persistedPurchases: page.initialStock - stock,
    ...change,
  };
}

export function purchase(purchaseNo = 'PUR-20260215-ABCD'): Purchase {
  return { purchaseNo, purchasedAt: '2026-02-15T10:00:00.000Z', sku: 'WIDGET-001', qty: 1 };
}

export const success = (data: unknown) => HttpResponse.json({ success: true, data });

export const bought = (one = purchase()) => success({ ...one, remaining: 86, acknowledged: 'gate' });

export const holds = (...purchases: Purchase[]) => success({ ...purchases.at(-1), purchases });

export function failure(status: number, code: string, more: object = {}) {
  return HttpResponse.json(
    { success: false, error: { code, message: `It was ${code}.`, ...more } },
    { status },
  );
}

export const holdsNothing = () => failure(404, 'NOT_FOUND');
