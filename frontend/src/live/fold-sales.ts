import type { SaleEvent } from '../api/sale-events';
import type { SaleState, SaleStatus } from '../api/wire';

/** Sales by their sku. */
export type Sales = ReadonlyMap<string, SaleStatus>;

type Aged = Pick<SaleStatus, 'version' | 'state'>;

const ORDER: Record<SaleState, number> = { UPCOMING: 0, ACTIVE: 1, ENDED: 2 };

/**
 * The sales after an event of their stream.
 *
 * What is lower in `version` is older than what is shown and changes nothing; `initial` is the server's whole
 * word on (re)connecting and always holds.
 */
export function foldEvent(sales: Sales, event: SaleEvent): Sales {
  const known = sales.get(event.sku);
  if (event.type === 'initial') return changed(sales, event.sku, event.sale);
  if (!known) return sales;
  if (event.type === 'deleted') return changed(sales, event.sku, null);
  if (event.version < known.version) return sales;
  const { version } = event;
  if (event.type === 'stock-update')
    return changed(sales, event.sku, { ...known, stock: event.stock, version });
  const { state, paused, endReason } = event;
  return changed(sales, event.sku, { ...known, state, paused, version, endReason });
}

/**
 * The sales after a read of all of them, which may come from a node or cache that is a moment behind.
 *
 * What the read does not name is gone.
 */
export function foldRead(sales: Sales, read: readonly SaleStatus[]): Sales {
  const newest = (sale: SaleStatus) => {
    const known = sales.get(sale.sku);
    return known && isOlder(sale, known) ? known : sale;
  };
  return new Map(read.map((sale) => [sale.sku, newest(sale)]));
}

/** Start and end pass without a new version, so at the same version a state never goes back. */
export function isOlder(one: Aged, other: Aged): boolean {
  return one.version === other.version ? ORDER[one.state] < ORDER[other.state] : one.version < other.version;
}

function changed(sales: Sales, sku: string, sale: SaleStatus | null): Sales {
  const copy = new Map(sales);
  if (sale) copy.set(sku, sale);
  else copy.delete(sku);
  return copy;
}
