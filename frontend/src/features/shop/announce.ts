import type { SaleStatus } from '../../api/wire';
import type { ShopTexts } from '../../texts/en/shop';
import type { FaceName } from './buying/buy-face';

/** What the page shows at one moment, as far as it is ever spoken. */
export interface Moment {
  sale: SaleStatus;
  face: FaceName;
  nowMs: number;
}

type Said = ShopTexts['said'];

const COUNTDOWN_STEPS: readonly [seconds: number, sentence: keyof Said & `startsIn${string}`][] = [
  [10, 'startsIn10Seconds'],
  [60, 'startsIn1Minute'],
  [600, 'startsIn10Minutes'],
];

const SPOKEN_FACES = ['deciding', 'busy', 'checking', 'soldOut', 'paused', 'ended'] as const;

/**
 * The sentence for the live region when one moment follows another; null for silence.
 *
 * Only thresholds speak: a screen reader that read every change of stock or time would read nothing else.
 */
export function announce(before: Moment, after: Moment, { said }: ShopTexts): string | null {
  if (after.face !== before.face) {
    const sentence =
      after.face === 'live' ? openingSentence(before.face, said) : faceSentence(after.face, said);
    if (sentence) return sentence;
  }
  if (after.face === 'upcoming') return countdownSentence(before, after, said);
  if (after.sale.state !== 'ACTIVE' || after.sale.stock === 0) return null;
  const sentence = stockSentence(after.sale, said);
  return sentence === stockSentence(before.sale, said) ? null : sentence;
}

function faceSentence(face: FaceName, said: Said): string | null {
  const spoken = SPOKEN_FACES.find((name) => name === face);
  return spoken ? said[spoken] : null;
}

function openingSentence(before: FaceName, said: Said): string | null {
  if (before === 'upcoming' || before === 'starting') return said.started;
  if (before === 'paused') return said.goesOn;
  return before === 'soldOut' ? said.restocked : null;
}

function countdownSentence(before: Moment, after: Moment, said: Said): string | null {
  const startsAtMs = Date.parse(after.sale.startTime);
  const passed = COUNTDOWN_STEPS.find(
    ([seconds]) => startsAtMs - before.nowMs > seconds * 1000 && startsAtMs - after.nowMs <= seconds * 1000,
  );
  return passed ? said[passed[1]] : null;
}

/** One sentence each tenth of the stock, and one each unit of the last ten. */
function stockSentence({ stock, initialStock }: SaleStatus, said: Said): string {
  if (stock <= 10) return said.onlyLeft(stock);
  return said.aboutLeft(Math.ceil((stock / initialStock) * 10) * 10);
}
