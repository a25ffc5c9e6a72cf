import type { Sales } from './fold-sales';
import { ServerClock } from './server-clock';

/** What a page showed, and the instant by the server's clock up to which it is known to hold. */
export interface Seen {
  sales: Sales;
  asOfMs: number;
}

/**
 * What was seen last, kept while the tab is open: a page that is shown again begins with it, and is corrected
 * by the first word of its stream.
 */
class RecentSales {
  /** There is one server's clock, whatever page it is told to. */
  clock = new ServerClock();
  /** By the sku of the page, null for the page of all sales. */
  #seen = new Map<string | null, Seen>();

  see(sku: string | null, seen: Seen): void {
    this.#seen.set(sku, seen);
  }

  /** The newest that is known for the page of that sku (null: of all); null if nothing is. */
  recall(sku: string | null): Seen | null {
    const own = this.#seen.get(sku) ?? null;
    const all = this.#seen.get(null);
    const sale = sku === null ? undefined : all?.sales.get(sku);
    if (sku === null || !all || !sale || (own && own.asOfMs >= all.asOfMs)) return own;
    return { sales: new Map([[sku, sale]]), asOfMs: all.asOfMs };
  }

  /** Forgets everything, as a new tab has. */
  forget(): void {
    this.clock = new ServerClock();
    this.#seen = new Map();
  }
}

export const recentSales = new RecentSales();
