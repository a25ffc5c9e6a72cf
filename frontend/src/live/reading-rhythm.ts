import { type Backoff, backoffMs, jitterMs } from '../lib/backoff';
import { SILENCE_MS } from './sale-stream';

/** How a page stands without its stream. */
export interface Away {
  /** What became of the stream: on its way, broken, or refused, so that none is to be had. */
  stream: 'opening' | 'broken' | 'refused';
  /** Whether the server has told anything since the page was shown. */
  told: boolean;
  /** Since the stream was open last, or the page was shown. */
  forMs: number;
}

export interface Pace {
  /** Reads that failed in a row. */
  failures: number;
  /** What the server asked us to wait, 0 if nothing. */
  retryAfterMs: number;
  /** This page's share of the jitter, 0 to 1: drawn once, so that pages spread and one page keeps its rhythm. */
  luck: number;
}

const FAILED: Backoff = { baseMs: 1000, capMs: 15_000 };

/**
 * How long to wait before reading what the stream, which is not open, cannot tell.
 *
 * A page that was told nothing reads soon. One that was told something reads at once in place of a stream that
 * is refused, but gives a broken one its time: all streams of a server break together, and most come back.
 */
export function nextReadInMs(away: Away, { failures, retryAfterMs, luck }: Pace): number {
  const floorMs = failures === 0 ? 0 : backoffMs(FAILED, failures - 1, retryAfterMs, () => luck);
  return Math.max(
    floorMs,
    wantedInMs(away, () => luck),
  );
}

function wantedInMs({ stream, told, forMs }: Away, luck: () => number): number {
  if (!told) return stream === 'opening' ? jitterMs(3000, 6000, luck) : jitterMs(0, 1000, luck);
  const rhythmMs = jitterMs(2000, 5000, luck);
  return stream === 'refused' ? rhythmMs : Math.max(rhythmMs, SILENCE_MS - forMs);
}
