import { adminHeaders } from './admin-headers';
import { type Answer, answerOf } from './answer';
import { client, REQUEST_TIMEOUT_MS } from './client';
import { isProduct } from './get-product';
import type { Product, ProductChanges } from './wire';

/**
 * Changes a product whose sale has not begun; what `changes` leaves out stays.
 *
 * With an `etag` only the state that it names is changed: a failure 412 means that somebody was faster.
 */
export function putProduct(
  key: string,
  sku: string,
  etag: string | null,
  changes: ProductChanges,
): Promise<Answer<Product>> {
  return answerOf(
    () =>
      client.PUT('/api/v1/products/{sku}', {
        params: { path: { sku }, header: etag === null ? {} : { 'If-Match': etag } },
        body: changes,
        headers: adminHeaders(key),
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      }),
    isProduct,
  );
}
