import type { SaleStatus } from '../../../api/wire';
import { backoffMs } from '../../../lib/backoff';

/** A stream that is not open for this long, or open and silent for this long, is helped by reading. */
export const SILENCE_MS = 30_000;

export interface Situation {
  sale: SaleStatus | null;
  /** The server said that there is no such sale. */
  missing: boolean;
  streamOpen: boolean;
  /** Since the last event or read. */
  silentForMs: number;
  /** Since the stream was open last. */
  notOpenForMs: number;
  /** The server's clock. */
  serverNowMs: number;
  /** Reads that failed in a row. */
  failures: number;
  /** What the server asked us to wait, 0 if nothing. */
  retryAfterMs: number;
  /** This page's share of the jitter, 0 to 1: drawn once, so that pages spread and one page keeps its rhythm. */
  luck: number;
}

/**
 * How long to wait before reading the sale's status.
 *
 * Architecture invariant: while the stream is open and speaks, a page reads nothing, in particular not at the
 * start or the end of a sale, where every page would read at once.
 */
export function nextReadInMs(at: Situation): number {
  const spread = (fromMs: number, toMs: number) => fromMs + at.luck * (toMs - fromMs);
  const retry =
    at.failures === 0 ? 0 : backoffMs({ baseMs: 1000, capMs: 15_000 }, at.failures, () => at.luck);
  const floor = Math.max(at.retryAfterMs, retry);
  if (at.missing) return Math.max(floor, spread(10_000, 20_000));
  if (!at.sale) return floor;
  const poll = spread(2000, 5000);
  if (!at.streamOpen) return Math.max(floor, poll, SILENCE_MS - at.notOpenForMs);
  const quiet = spread(SILENCE_MS, 1.5 * SILENCE_MS) - at.silentForMs;
  const due = dueAtMs(at.sale);
  const overdue = due === null ? quiet : due + spread(3000, 8000) - at.serverNowMs;
  return Math.max(floor, poll, Math.min(quiet, overdue));
}

/** When the clock will change the sale's state; null when it will not. */
function dueAtMs(sale: SaleStatus): number | null {
  if (sale.state === 'UPCOMING') return Date.parse(sale.startTime);
  return sale.state === 'ACTIVE' ? Date.parse(sale.endTime) : null;
}
