import type { SaleStatus } from '../../../api/wire';
import { countdownText, instantText } from '../../../lib/time-text';
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
  | 'soldOut'
  | 'paused'
  | 'ended'
  | 'tooFast'
  | 'offline';

/** What the one buy button shows. */
export interface Face {
  name: FaceName;
  label: string;
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
}

/** An open attempt comes first, then what the buyer holds, then this device, then the sale. */
export function buyFace({ sale, phase, held, nowMs, deviceNowMs, offline }: FaceInput): Face {
  const still = (name: FaceName, label: string, hint: string): Face => ({ name, label, hint, usable: false });
  switch (phase.name) {
    case 'deciding':
      return still('deciding', 'Placing your order…', 'This takes a moment.');
    case 'busy':
      return still(
        'busy',
        `Very busy, next try in ${secondsLeft(phase.untilMs, deviceNowMs)} s`,
        'Nothing to do for you: your order goes again by itself and cannot count twice.',
      );
    case 'checking':
      return still(
        'checking',
        'Checking your order…',
        'The answer was lost on the way. We find out; it cannot count twice.',
      );
    case 'stalled':
      return {
        name: 'stalled',
        label: 'Check my order',
        hint: 'The shop could not be reached.',
        usable: !offline,
      };
  }
  if (held > 0 && held >= sale.limitPerBuyer)
    return still('bought', 'Purchased', 'Your receipt is on this page.');
  if (offline) return still('offline', 'You are offline', 'The button comes back with your connection.');
  if (phase.name === 'tooFast') {
    const seconds = secondsLeft(phase.untilMs, deviceNowMs);
    return still('tooFast', `Too fast, try again in ${seconds} s`, 'Nothing was bought yet.');
  }
  return saleFace(sale, phase, held, nowMs);
}

function saleFace(sale: SaleStatus, phase: Phase, held: number, nowMs: number): Face {
  const still = (name: FaceName, label: string, hint: string): Face => ({ name, label, hint, usable: false });
  const startsAtMs = Date.parse(sale.startTime);
  const inWindow = nowMs < Date.parse(sale.endTime);
  if (sale.state === 'UPCOMING') {
    const hint = sale.paused
      ? 'On hold: it opens once the shop resumes it.'
      : `Opens ${instantText(startsAtMs)}`;
    return nowMs < startsAtMs
      ? still('upcoming', `Starts in ${countdownText(startsAtMs - nowMs)}`, hint)
      : still('starting', 'Starting…', hint);
  }
  const comeBack = 'Units may come back while the sale lasts; this page shows it at once.';
  if (sale.state === 'ENDED') {
    return sale.endReason === 'SOLD_OUT'
      ? still('soldOut', 'Sold out', inWindow ? comeBack : 'Every unit found a buyer.')
      : still('ended', 'Sale ended', 'Thank you for coming by.');
  }
  if (sale.paused)
    return still('paused', 'Paused', 'The shop holds the sale for a moment; this page goes on by itself.');
  // A rejection can overtake the stream: until the stream moves on, the rejection is the newer word.
  const rejectedHere =
    phase.name === 'rejected' && phase.code === 'SOLD_OUT' && sale.version <= phase.atVersion;
  if (sale.stock === 0 || rejectedHere) return still('soldOut', 'Sold out', comeBack);
  return held > 0
    ? { name: 'live', label: 'Buy another', hint: `You hold ${held} of ${sale.limitPerBuyer}.`, usable: true }
    : { name: 'live', label: 'Buy now', hint: limitHint(sale.limitPerBuyer), usable: true };
}

const limitHint = (limit: number) => (limit === 1 ? 'One per buyer.' : `Up to ${limit} per buyer.`);

/** At least 1: the wait is over when the button says so, not when a rounded second is. */
function secondsLeft(untilMs: number, nowMs: number): number {
  return Math.max(1, Math.ceil((untilMs - nowMs) / 1000));
}
