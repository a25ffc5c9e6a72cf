import { adminHeaders } from './admin-headers';
import { type Answer, answerOf, isRecord } from './answer';
import { client, REQUEST_TIMEOUT_MS } from './client';
import type { Product } from './wire';

/** A product as it was read, with the tag that a change of just this state names in `If-Match`. */
export interface ProductRead {
  product: Product;
  etag: string | null;
}

export async function getProduct(key: string, sku: string): Promise<Answer<ProductRead>> {
  let etag: string | null = null;
  const answer = await answerOf(async () => {
    const reply = await client.GET('/api/v1/products/{sku}', {
      params: { path: { sku } },
      headers: adminHeaders(key),
      cache: 'no-store',
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    etag = reply.response.headers.get('ETag');
    return reply;
  }, isProduct);
  return answer.kind === 'ok' ? { kind: 'ok', data: { product: answer.data, etag } } : answer;
}

export function isProduct(value: unknown): value is Product {
  return (
    isRecord(value) &&
    ['sku', 'productName', 'state', 'startTime', 'endTime', 'createdAt', 'acknowledge'].every(
      (name) => typeof value[name] === 'string',
    ) &&
    ['initialStock', 'currentStock', 'totalPurchases', 'limitPerBuyer', 'version'].every(
      (name) => typeof value[name] === 'number',
    ) &&
    typeof value.paused === 'boolean'
  );
}
