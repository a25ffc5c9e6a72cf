import { isPurchase } from '../../../api/get-purchases';
import type { Purchase } from '../../../api/wire';
import { dropStored, readStored, writeStored } from '../../../lib/local-store';

const nameOf = (sku: string, buyer: string) => `stampede:purchases:${sku}:${buyer}`;

/** What this browser remembers of a buyer's purchases, oldest first, so that a receipt outlives a reload. */
export function recordedPurchases(sku: string, buyer: string): Purchase[] {
  try {
    const stored: unknown = JSON.parse(readStored(nameOf(sku, buyer)) ?? '[]');
    return Array.isArray(stored) ? stored.filter(isPurchase) : [];
  } catch {
    return [];
  }
}

export function recordPurchases(sku: string, buyer: string, purchases: readonly Purchase[]): void {
  if (purchases.length === 0) dropStored(nameOf(sku, buyer));
  else writeStored(nameOf(sku, buyer), JSON.stringify(purchases));
}
