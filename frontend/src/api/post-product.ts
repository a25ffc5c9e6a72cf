import { adminHeaders } from './admin-headers';
import { type Answer, answerOf } from './answer';
import { client, REQUEST_TIMEOUT_MS } from './client';
import { isProduct } from './get-product';
import type { NewProduct, Product } from './wire';

/** Creates a product, and with it its sale. */
export function postProduct(key: string, body: NewProduct): Promise<Answer<Product>> {
  return answerOf(
    () =>
      client.POST('/api/v1/products', {
        body,
        headers: adminHeaders(key),
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      }),
    isProduct,
  );
}
