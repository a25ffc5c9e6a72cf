import { encodeHeaderText } from '../lib/header-text';
import { type Answer, answerOf } from './answer';
import { client, REQUEST_TIMEOUT_MS } from './client';
import { isPurchase } from './get-purchases';
import type { Purchase } from './wire';

export interface Attempt {
  sku: string;
  buyer: string;
  /** The `Idempotency-Key`: the same key gets the same purchase, however often it is sent. */
  key: string;
}

/** Sends one attempt to buy one unit. */
export function postPurchase({ sku, buyer, key }: Attempt): Promise<Answer<Purchase>> {
  return answerOf(
    () =>
      client.POST('/api/v1/purchases', {
        params: { header: { 'X-User-Id': encodeHeaderText(buyer), 'Idempotency-Key': key } },
        body: { sku, qty: 1 },
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      }),
    isPurchase,
  );
}
