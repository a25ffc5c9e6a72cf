import { adminHeaders } from './admin-headers';
import { type Answer, answerOf } from './answer';
import { client, REQUEST_TIMEOUT_MS } from './client';
import { isProduct } from './get-product';
import type { Product } from './wire';

/** What an admin can do to a sale at any time before its end; each may be repeated. */
export type SaleChange = 'pause' | 'resume' | 'end';

/** Pauses, resumes or ends a sale: from the answer on it holds on every node. */
export function changeSale(key: string, sku: string, change: SaleChange): Promise<Answer<Product>> {
  return answerOf(
    () =>
      client.POST(`/api/v1/products/{sku}/${change}`, {
        params: { path: { sku } },
        headers: adminHeaders(key),
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      }),
    isProduct,
  );
}
