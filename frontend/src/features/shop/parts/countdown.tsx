import type { SaleStatus } from '../../../api/wire';
import { countdownText, instantText } from '../../../lib/time-text';
import type { ShopTexts } from '../../../texts/en/shop';
import { useShopTexts } from '../../../texts/use-shop-texts';

/** The time until the sale's next instant, by the server's clock. Never spoken: the announcer does that. */
export function Countdown({ sale, nowMs }: { sale: SaleStatus; nowMs: number }) {
  const { texts, locale } = useShopTexts();
  const [words, atMs] = nextInstant(sale, nowMs, texts);
  return (
    <div className="flex min-h-14 items-center justify-between gap-4 border-y border-line py-2">
      <span className="text-sm font-medium text-muted">{words}</span>
      {sale.state === 'ENDED' ? (
        <time dateTime={sale.endTime} className="text-sm font-semibold tabular-nums">
          {instantText(locale, atMs)}
        </time>
      ) : (
        <span role="timer" aria-label={words} className="text-2xl font-semibold tabular-nums">
          {countdownText(locale, atMs - nowMs)}
        </span>
      )}
    </div>
  );
}

function nextInstant(sale: SaleStatus, nowMs: number, texts: ShopTexts): [words: string, atMs: number] {
  const words = texts.sale;
  if (sale.state === 'UPCOMING') return [words.startsIn, Date.parse(sale.startTime)];
  const endsAtMs = Date.parse(sale.endTime);
  if (sale.state === 'ACTIVE') return [words.endsIn, endsAtMs];
  if (nowMs >= endsAtMs) return [words.ended, endsAtMs];
  // Units of a sold-out sale may come back until then; the others are over for good.
  return [sale.endReason === 'SOLD_OUT' ? words.windowCloses : words.wasToEnd, endsAtMs];
}
