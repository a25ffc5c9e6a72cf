import type { SaleEvent } from '../../../api/sale-events';
import type { EndReason, SaleState, SaleStatus } from '../../../api/wire';

const ORDER: Record<SaleState, number> = { UPCOMING: 0, ACTIVE: 1, ENDED: 2 };

/**
 * The sale after an event of its stream.
 *
 * What is lower in `version` is older than what is shown and changes nothing; `initial` is the server's whole
 * word on (re)connecting and always holds.
 */
export function foldEvent(sale: SaleStatus, event: Exclude<SaleEvent, { type: 'deleted' }>): SaleStatus {
  if (event.type === 'initial') return event.sale;
  if (event.version < sale.version) return sale;
  if (event.type === 'stock-update') return { ...sale, stock: event.stock, version: event.version };
  const { state, paused, version } = event;
  return { ...sale, state, paused, version, endReason: state === 'ENDED' ? endReason(event.reason) : null };
}

/**
 * The sale after a read, which may come from a node or cache that is a moment behind.
 *
 * Start and end pass without a new version, so at the same version a state never goes back.
 */
export function foldRead(sale: SaleStatus | null, read: SaleStatus): SaleStatus {
  if (!sale || sale.sku !== read.sku || read.version > sale.version) return read;
  return read.version < sale.version || ORDER[read.state] < ORDER[sale.state] ? sale : read;
}

function endReason(reason: string | null): EndReason | null {
  return reason === 'SOLD_OUT' || reason === 'TIME_EXPIRED' || reason === 'ENDED_BY_ADMIN' ? reason : null;
}
