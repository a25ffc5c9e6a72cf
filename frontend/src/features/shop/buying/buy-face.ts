import type { SaleStatus } from '../../../api/wire';
import { unitPriceText } from '../../../lib/price-text';
import { countdownText, instantText } from '../../../lib/time-text';
import type { Words } from '../../../texts/use-shop-texts';
import type { Phase } from './buying';

export type FaceName =
  | 'upcoming'
  | 'starting'
  | 'live'
  | 'deciding'
  | 'busy'
  | 'checking'
  | 'stalled'
  | 'bought'
  | 'alreadyBought'
  | 'soldOut'
  | 'paused'
  | 'ended'
  | 'tooFast'
  | 'offline';

/** What the one buy button shows. */
export interface Face {
  name: FaceName;
  label: string;
  /** What changes each second, shown behind the label and not part of the button's name. */
  tick?: string;
  hint: string;
  /** Whether pressing does something. */
  usable: boolean;
}

export interface FaceInput {
  sale: SaleStatus;
  phase: Phase;
  /** Units that the buyer holds. */
  held: number;
  /** The server's clock. */
  nowMs: number;
  /** This device's clock. */
  deviceNowMs: number;
  offline: boolean;
  words: Words;
}

/** An open attempt comes first, then what the buyer holds, then this device, then the sale. */
export function buyFace(input: FaceInput): Face {
  const { sale, phase, held, deviceNowMs, offline } = input;
  const { button } = input.words.texts;
  switch (phase.name) {
    case 'deciding':
      return still('deciding', button.deciding, button.decidingHint);
    case 'busy':
      return phase.untilMs > deviceNowMs
        ? { ...still('busy', button.busy, button.busyHint), tick: secondsLeft(phase.untilMs, deviceNowMs) }
        : still('busy', button.busyNow, button.busyHint);
    case 'checking':
      return still('checking', button.checking, button.checkingHint);
    case 'stalled':
      return phase.busy
        ? { name: 'stalled', label: button.again, hint: button.againHint, usable: !offline }
        : { name: 'stalled', label: button.stalled, hint: button.stalledHint, usable: !offline };
  }
  if (held > 0 && held >= sale.limitPerBuyer) {
    const again = phase.name === 'rejected' && phase.code === 'ALREADY_PURCHASED';
    return again
      ? still('alreadyBought', button.alreadyBought, button.boughtHint)
      : still('bought', button.bought, button.boughtHint);
  }
  if (offline) return still('offline', button.offline, button.offlineHint);
  if (phase.name === 'tooFast') {
    return {
      ...still('tooFast', button.tooFast, button.tooFastHint),
      tick: secondsLeft(phase.untilMs, deviceNowMs),
    };
  }
  return saleFace(input);
}

function saleFace({ sale, phase, held, nowMs, words }: FaceInput): Face {
  const { button } = words.texts;
  const inWindow = nowMs < Date.parse(sale.endTime);
  if (sale.state === 'UPCOMING') return upcomingFace(sale, nowMs, words);
  if (sale.state === 'ENDED') {
    return sale.endReason === 'SOLD_OUT'
      ? still('soldOut', button.soldOut, inWindow ? button.comeBack : button.allSold)
      : still('ended', button.ended, button.endedHint);
  }
  if (sale.paused) return still('paused', button.paused, button.pausedHint);
  // A rejection can overtake the stream: until the stream moves on, the rejection is the newer word.
  const rejectedHere =
    phase.name === 'rejected' && phase.code === 'SOLD_OUT' && sale.version <= phase.atVersion;
  if (sale.stock === 0 || rejectedHere) return still('soldOut', button.soldOut, button.comeBack);
  return liveFace(sale, held, words);
}

function upcomingFace(sale: SaleStatus, nowMs: number, { texts, locale }: Words): Face {
  const { button } = texts;
  const startsAtMs = Date.parse(sale.startTime);
  const hint = sale.paused ? button.onHold : button.opensAt(instantText(locale, startsAtMs));
  return nowMs < startsAtMs
    ? { ...still('upcoming', button.startsIn, hint), tick: countdownText(locale, startsAtMs - nowMs) }
    : still('starting', button.starting, hint);
}

function liveFace(sale: SaleStatus, held: number, { texts, locale }: Words): Face {
  const { button } = texts;
  const price = unitPriceText(locale, sale);
  const limit = sale.limitPerBuyer;
  const limitWords = limit === 1 ? texts.sale.limitOne : texts.sale.limit(limit);
  const hint = held > 0 ? button.holding(held, limit) : limitWords;
  const [plain, priced] = held > 0 ? [button.another, button.anotherFor] : [button.buy, button.buyFor];
  return { name: 'live', label: price === null ? plain : priced(price), hint, usable: true };
}

const still = (name: FaceName, label: string, hint: string): Face => ({ name, label, hint, usable: false });

/** At least 1: the wait is over when the button says so, not when a rounded second is. */
function secondsLeft(untilMs: number, nowMs: number): string {
  return `${Math.max(1, Math.ceil((untilMs - nowMs) / 1000))} s`;
}
