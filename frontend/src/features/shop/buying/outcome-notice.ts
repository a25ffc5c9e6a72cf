import type { ShopTexts } from '../../../texts/en/shop';
import type { FaceName } from './buy-face';
import type { Phase } from './buying';

/** What an attempt's outcome leaves on the page. */
export interface Notice {
  text: string;
  /** The server's own words, which are English in every language of the page. */
  quote?: string;
}

/** The sale as the page shows it. */
interface Shown {
  face: FaceName;
  version: number;
}

/** The notice of an attempt's outcome; null when there is nothing to say. */
export function outcomeNotice(phase: Phase, shown: Shown, { outcome }: ShopTexts): Notice | null {
  switch (phase.name) {
    case 'rejected':
      // The sale moved on and sells: the rejection is of the past, and the next press has another outcome.
      if (shown.face === 'live' && shown.version > phase.atVersion) return null;
      return rejectionNotice(phase.code, phase.message, outcome);
    case 'refused': {
      const faults = Object.entries(phase.fields).map(([field, fault]) => `${field}: ${fault}`);
      return { text: outcome.refused, quote: [phase.message, ...faults].join(' ') };
    }
    case 'stalled':
      return { text: phase.busy ? outcome.tooBusy : outcome.stalled };
    case 'tooFast':
      return { text: outcome.tooFast };
    case 'idle':
    case 'deciding':
    case 'busy':
    case 'checking':
      return null;
  }
}

function rejectionNotice(code: string, message: string, outcome: ShopTexts['outcome']): Notice {
  if (code === 'SOLD_OUT') return { text: outcome.soldOut };
  if (code === 'SALE_NOT_ACTIVE') return { text: outcome.notActive };
  if (code === 'ALREADY_PURCHASED') return { text: outcome.alreadyPurchased };
  return { text: outcome.refused, quote: message };
}
