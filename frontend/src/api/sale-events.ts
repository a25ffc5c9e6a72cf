import { isRecord } from './answer';
import { isSaleStatus } from './get-sale';
import type { SaleState, SaleStatus } from './wire';

/** What a sale's stream says. */
export type SaleEvent =
  | { type: 'initial'; sale: SaleStatus }
  | { type: 'stock-update'; stock: number; version: number }
  | { type: 'state-change'; state: SaleState; reason: string | null; paused: boolean; version: number }
  | { type: 'deleted' };

export const SALE_EVENT_TYPES: readonly SaleEvent['type'][] = [
  'initial',
  'stock-update',
  'state-change',
  'deleted',
];

export function saleEventsUrl(sku: string): string {
  return `/api/v1/sales/events?sku=${encodeURIComponent(sku)}`;
}

/** Reads one event; null for what this page does not understand, which it then ignores. */
export function parseSaleEvent(type: SaleEvent['type'], text: string): SaleEvent | null {
  if (type === 'deleted') return { type };
  const data = parseJson(text);
  if (type === 'initial') return isSaleStatus(data) ? { type, sale: data } : null;
  if (!isRecord(data) || typeof data.version !== 'number') return null;
  if (type === 'stock-update') {
    return typeof data.stock === 'number' ? { type, stock: data.stock, version: data.version } : null;
  }
  if (!isSaleState(data.state) || typeof data.paused !== 'boolean') return null;
  const reason = typeof data.reason === 'string' ? data.reason : null;
  return { type, state: data.state, reason, paused: data.paused, version: data.version };
}

function isSaleState(value: unknown): value is SaleState {
  return value === 'UPCOMING' || value === 'ACTIVE' || value === 'ENDED';
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
