import type { SaleStatus } from '../../../api/wire';
import type { ShopTexts } from '../../../texts/en/shop';
import { useShopTexts } from '../../../texts/use-shop-texts';

type Tone = 'brand' | 'ok' | 'warn' | 'quiet';

const TONES: Record<Tone, string> = {
  brand: 'text-brand',
  ok: 'text-ok',
  warn: 'text-warn',
  quiet: 'text-muted',
};

/** The sale's state as a word. */
export function StatePill({ sale, nowMs }: { sale: SaleStatus; nowMs: number }) {
  const { texts } = useShopTexts();
  const [word, tone] = pillOf(sale, nowMs, texts.pill);
  return (
    <span
      className={`inline-flex items-center gap-2 rounded-full border border-line bg-surface px-3 py-1 text-sm font-semibold ${TONES[tone]}`}
    >
      <span
        aria-hidden="true"
        className={`size-2 rounded-full bg-current forced-color-adjust-none ${tone === 'ok' ? 'pulse' : ''}`}
      />
      {word}
    </span>
  );
}

function pillOf(sale: SaleStatus, nowMs: number, pill: ShopTexts['pill']): [word: string, tone: Tone] {
  if (sale.state === 'ENDED') return [sale.endReason === 'SOLD_OUT' ? pill.soldOut : pill.ended, 'quiet'];
  if (sale.paused) return [pill.paused, 'warn'];
  if (sale.state === 'ACTIVE') return sale.stock > 0 ? [pill.live, 'ok'] : [pill.soldOut, 'quiet'];
  return [nowMs < Date.parse(sale.startTime) ? pill.upcoming : pill.starting, 'brand'];
}
