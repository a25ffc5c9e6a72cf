import { encodeHeaderText } from '../lib/header-text';
import { type Answer, answerOf, isRecord } from './answer';
import { client, REQUEST_TIMEOUT_MS } from './client';
import type { Purchase } from './wire';

/** Reads what the buyer holds of one sale, oldest first; a failure `NOT_FOUND` means nothing. */
export async function getPurchases(sku: string, buyer: string): Promise<Answer<Purchase[]>> {
  const answer = await answerOf(
    () =>
      client.GET('/api/v1/purchases', {
        params: { query: { sku }, header: { 'X-User-Id': encodeHeaderText(buyer) } },
        cache: 'no-store',
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      }),
    isBuyerPurchases,
  );
  return answer.kind === 'ok' ? { kind: 'ok', data: answer.data.purchases } : answer;
}

export function isPurchase(value: unknown): value is Purchase {
  return (
    isRecord(value) &&
    typeof value.purchaseNo === 'string' &&
    typeof value.purchasedAt === 'string' &&
    typeof value.sku === 'string' &&
    typeof value.qty === 'number'
  );
}

function isBuyerPurchases(value: unknown): value is { purchases: Purchase[] } {
  return isRecord(value) && Array.isArray(value.purchases) && value.purchases.every(isPurchase);
}
