import type { SaleStatus } from '../../../api/wire';
import { countdownText, instantText } from '../../../lib/time-text';

/** The time until the sale's next instant, by the server's clock. Never spoken: the announcer does that. */
export function Countdown({ sale, nowMs }: { sale: SaleStatus; nowMs: number }) {
  const [words, atMs] = nextInstant(sale, nowMs);
  const leftMs = atMs - nowMs;
  return (
    <div className="flex items-baseline justify-between gap-4 border-y border-line py-3">
      <span className="text-sm font-medium text-muted">{words}</span>
      {sale.state === 'ENDED' ? (
        <time dateTime={sale.endTime} className="text-sm font-semibold tabular-nums">
          {instantText(atMs)}
        </time>
      ) : (
        <span role="timer" aria-label={words} className="text-2xl font-semibold tabular-nums">
          {countdownText(leftMs)}
        </span>
      )}
    </div>
  );
}

function nextInstant(sale: SaleStatus, nowMs: number): [words: string, atMs: number] {
  if (sale.state === 'UPCOMING') return ['Starts in', Date.parse(sale.startTime)];
  const endsAtMs = Date.parse(sale.endTime);
  if (sale.state === 'ACTIVE') return ['Ends in', endsAtMs];
  if (nowMs >= endsAtMs) return ['Ended', endsAtMs];
  // Units of a sold-out sale may come back until then; the others are over for good.
  return [sale.endReason === 'SOLD_OUT' ? 'Window closes' : 'Was to end', endsAtMs];
}
