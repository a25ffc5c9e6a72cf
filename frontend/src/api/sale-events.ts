import { isRecord } from './answer';
import { isSaleState, isSaleStatus } from './get-sale';
import type { EndReason, SaleState, SaleStatus } from './wire';

/** What a stream of sales says. */
export type SaleEvent =
  | { type: 'initial'; sku: string; sale: SaleStatus }
  | { type: 'stock-update'; sku: string; stock: number; version: number }
  | {
      type: 'state-change';
      sku: string;
      state: SaleState;
      /** Null while the sale is not over, and for a reason that this page does not know. */
      endReason: EndReason | null;
      paused: boolean;
      version: number;
    }
  | { type: 'deleted'; sku: string };

/** Reads one event; null for what this page does not understand, which it then ignores. */
export function parseSaleEvent(type: string | undefined, text: string): SaleEvent | null {
  const data = parseJson(text);
  if (!isRecord(data) || typeof data.sku !== 'string') return null;
  const { sku, version } = data;
  if (type === 'deleted') return { type, sku };
  if (type === 'initial') return isSaleStatus(data) ? { type, sku, sale: data } : null;
  if (typeof version !== 'number') return null;
  if (type === 'stock-update') {
    return typeof data.stock === 'number' ? { type, sku, stock: data.stock, version } : null;
  }
  if (type !== 'state-change' || !isSaleState(data.state) || typeof data.paused !== 'boolean') return null;
  const endReason = data.state === 'ENDED' ? endReasonIn(data.reason) : null;
  return { type, sku, state: data.state, endReason, paused: data.paused, version };
}

function endReasonIn(reason: unknown): EndReason | null {
  return reason === 'SOLD_OUT' || reason === 'TIME_EXPIRED' || reason === 'ENDED_BY_ADMIN' ? reason : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
