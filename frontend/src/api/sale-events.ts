import { isRecord } from './answer';
import { isSaleState, isSaleStatus } from './get-sale';
import type { SaleState, SaleStatus } from './wire';

/** What a stream of sales says. */
export type SaleEvent =
  | { type: 'initial'; sku: string; sale: SaleStatus }
  | { type: 'stock-update'; sku: string; stock: number; version: number }
  | {
      type: 'state-change';
      sku: string;
      state: SaleState;
      reason: string | null;
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
  const reason = typeof data.reason === 'string' ? data.reason : null;
  return { type, sku, state: data.state, reason, paused: data.paused, version };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
