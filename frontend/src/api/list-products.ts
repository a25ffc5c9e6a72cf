import { adminHeaders } from './admin-headers';
import { type Answer, answerOf } from './answer';
import { client, REQUEST_TIMEOUT_MS } from './client';
import { isProduct } from './get-product';
import type { Product } from './wire';

export interface ProductPage {
  products: readonly Product[];
  /** Where the next page begins; null at the end. */
  nextCursor: string | null;
}

/** Reads products, newest first; `cursor` is the `nextCursor` of the page before, null for the first page. */
export async function listProducts(
  key: string,
  limit: number,
  cursor: string | null,
): Promise<Answer<ProductPage>> {
  let nextCursor: string | null = null;
  const answer = await answerOf(async () => {
    const reply = await client.GET('/api/v1/products', {
      params: { query: { limit, ...(cursor !== null && { cursor }) } },
      headers: adminHeaders(key),
      cache: 'no-store',
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    nextCursor = reply.data?.nextCursor ?? null;
    return reply;
  }, isProductList);
  return answer.kind === 'ok' ? { kind: 'ok', data: { products: answer.data, nextCursor } } : answer;
}

function isProductList(value: unknown): value is Product[] {
  return Array.isArray(value) && value.every(isProduct);
}
