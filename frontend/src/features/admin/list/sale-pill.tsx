import type { Product } from '../../../api/wire';
import type { AdminTexts } from '../../../texts/en/admin';
import { useAdminTexts } from '../../../texts/use-admin-texts';
import { Icon, type IconName } from '../parts/icon';

const TONES = {
  brand: 'border-brand/40 text-brand',
  ok: 'border-ok/40 text-ok',
  warn: 'border-warn/50 text-warn',
  quiet: 'border-line text-muted',
} as const;

/** The state of a product's sale: a sign, a word and a colour. */
export function SalePill({ product }: { product: Product }) {
  const { texts } = useAdminTexts();
  const [word, tone, icon] = pillOf(product, texts.states);
  return (
    <span
      className={`inline-flex items-center gap-1.5 rounded-full border py-0.5 pr-2.5 pl-2 text-xs/5 font-semibold whitespace-nowrap ${TONES[tone]}`}
    >
      {icon === 'live' ? (
        <span
          aria-hidden="true"
          className="pulse mx-0.75 size-2 rounded-full bg-current forced-color-adjust-none"
        />
      ) : (
        <Icon name={icon} className="size-3.5" />
      )}
      {word}
    </span>
  );
}

type Pill = [word: string, tone: keyof typeof TONES, icon: IconName | 'live'];

function pillOf({ state, paused, endReason }: Product, words: AdminTexts['states']): Pill {
  if (state === 'ENDED') {
    if (endReason === 'SOLD_OUT') return [words.soldOut, 'quiet', 'check'];
    return [endReason === 'ENDED_BY_ADMIN' ? words.endedByAdmin : words.ended, 'quiet', 'end'];
  }
  if (paused) return [state === 'UPCOMING' ? words.pausedBefore : words.paused, 'warn', 'pause'];
  return state === 'UPCOMING' ? [words.upcoming, 'brand', 'clock'] : [words.live, 'ok', 'live'];
}
