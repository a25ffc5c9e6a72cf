import type { SaleStatus } from '../../../api/wire';
import type { Sales } from '../../../live/fold-sales';

export interface SaleGroups {
  live: SaleStatus[];
  soon: SaleStatus[];
  over: SaleStatus[];
}

/** The sales as the front page shows them: what ends first, what starts first, what ended last. */
export function groupSales(sales: Sales): SaleGroups {
  const all = [...sales.values()];
  const endMs = (sale: SaleStatus) => Date.parse(sale.endTime);
  const startMs = (sale: SaleStatus) => Date.parse(sale.startTime);
  return {
    live: all.filter(({ state }) => state === 'ACTIVE').sort((a, b) => endMs(a) - endMs(b)),
    soon: all.filter(({ state }) => state === 'UPCOMING').sort((a, b) => startMs(a) - startMs(b)),
    over: all.filter(({ state }) => state === 'ENDED').sort((a, b) => endMs(b) - endMs(a)),
  };
}
