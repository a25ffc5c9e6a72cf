import type { Phase } from './buying';

/** The sentence that an attempt's outcome leaves on the page; null when there is nothing to say. */
export function outcomeNotice(phase: Phase): string | null {
  switch (phase.name) {
    case 'rejected':
      return rejectionSentence(phase.code, phase.message);
    case 'refused':
      return [
        phase.message,
        ...Object.entries(phase.fields).map(([field, fault]) => `${field}: ${fault}`),
      ].join(' ');
    case 'stalled':
      return 'We could not find out yet whether your order arrived. It is kept: checking it again cannot buy twice.';
    case 'tooFast':
      return 'That was too fast for the shop. Nothing was bought yet; wait a moment, then press again.';
    case 'idle':
    case 'deciding':
    case 'busy':
    case 'checking':
      return null;
  }
}

function rejectionSentence(code: string, message: string): string {
  if (code === 'SOLD_OUT')
    return 'Sold out: the last unit went before your order arrived. Nothing was bought.';
  if (code === 'SALE_NOT_ACTIVE') return 'The sale was not open when your order arrived. Nothing was bought.';
  if (code === 'ALREADY_PURCHASED') return 'You already hold all that one buyer may have of this sale.';
  return message;
}
