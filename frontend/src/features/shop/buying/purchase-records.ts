import { isPurchase } from '../../../api/get-purchases';
import type { Purchase } from '../../../api/wire';
import { dropStored, readStored, storedNames, writeStored } from '../../../lib/local-store';

/** A purchase as this browser keeps it. */
export type RecordedPurchase = Purchase & {
  /** The server does not list it any more: the record is the only proof. */
  forgotten?: true;
};

const PREFIX = 'stampede:purchases:';

// A sku has no colon, so no sku and buyer share a name with another pair.
const nameOf = (sku: string, buyer: string) => `${PREFIX}${sku}:${buyer}`;

/** What this browser remembers of a buyer's purchases, oldest first, so that a receipt outlives a reload. */
export function recordedPurchases(sku: string, buyer: string): RecordedPurchase[] {
  try {
    const stored: unknown = JSON.parse(readStored(nameOf(sku, buyer)) ?? '[]');
    return Array.isArray(stored) ? stored.filter(isPurchase) : [];
  } catch {
    return [];
  }
}

export function recordPurchases(sku: string, buyer: string, purchases: readonly RecordedPurchase[]): void {
  if (purchases.length === 0) dropStored(nameOf(sku, buyer));
  else writeStored(nameOf(sku, buyer), JSON.stringify(purchases));
}

/**
 * Drops what this browser remembers of a buyer's purchases.
 *
 * The keys of attempts stay: their outcome is open, and without its key an attempt could count twice.
 */
export function forgetPurchases(buyer: string): void {
  for (const name of storedNames(PREFIX)) {
    const sku = name.slice(PREFIX.length).split(':', 1)[0] ?? '';
    if (name === nameOf(sku, buyer)) dropStored(name);
  }
}
