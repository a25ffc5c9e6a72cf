import type { SaleStatus } from '../../api/wire';
import type { FaceName } from './buying/buy-face';

/** What the page shows at one moment, as far as it is ever spoken. */
export interface Moment {
  sale: SaleStatus;
  face: FaceName;
  nowMs: number;
}

const COUNTDOWN_STEPS: readonly [seconds: number, sentence: string][] = [
  [10, 'The sale starts in 10 seconds.'],
  [60, 'The sale starts in 1 minute.'],
  [600, 'The sale starts in 10 minutes.'],
];

const FACE_SENTENCES: Partial<Record<FaceName, string>> = {
  deciding: 'Placing your order.',
  busy: 'The shop is very busy. Your order goes again by itself.',
  checking: 'Checking your order.',
  soldOut: 'Sold out.',
  paused: 'The sale is paused.',
  ended: 'The sale has ended.',
};

/**
 * The sentence for the live region when one moment follows another; null for silence.
 *
 * Only thresholds speak: a screen reader that read every change of stock or time would read nothing else.
 */
export function announce(before: Moment, after: Moment): string | null {
  if (after.face !== before.face) {
    const sentence = after.face === 'live' ? openingSentence(before.face) : FACE_SENTENCES[after.face];
    if (sentence) return sentence;
  }
  if (after.face === 'upcoming') return countdownSentence(before, after);
  if (after.sale.state !== 'ACTIVE' || after.sale.stock === 0) return null;
  const sentence = stockSentence(after.sale);
  return sentence === stockSentence(before.sale) ? null : sentence;
}

function openingSentence(before: FaceName): string | null {
  if (before === 'upcoming' || before === 'starting') return 'The sale has started.';
  if (before === 'paused') return 'The sale goes on.';
  return before === 'soldOut' ? 'Units came back: the sale goes on.' : null;
}

function countdownSentence(before: Moment, after: Moment): string | null {
  const startsAtMs = Date.parse(after.sale.startTime);
  const passed = ([seconds]: readonly [number, string]) =>
    startsAtMs - before.nowMs > seconds * 1000 && startsAtMs - after.nowMs <= seconds * 1000;
  return COUNTDOWN_STEPS.find(passed)?.[1] ?? null;
}

/** One sentence each tenth of the stock, and one each unit of the last ten. */
function stockSentence({ stock, initialStock }: SaleStatus): string {
  if (stock <= 10) return `Only ${stock} left.`;
  return `About ${Math.ceil((stock / initialStock) * 10) * 10} percent left.`;
}
