import { adminHeaders } from './admin-headers';
import { type Answer, answerOf, isRecord } from './answer';
import { client, REQUEST_TIMEOUT_MS } from './client';

/** Deletes a product; its purchases move to the archive. */
export function deleteProduct(key: string, sku: string): Promise<Answer<object>> {
  return answerOf(
    () =>
      client.DELETE('/api/v1/products/{sku}', {
        params: { path: { sku } },
        headers: adminHeaders(key),
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      }),
    isRecord,
  );
}
