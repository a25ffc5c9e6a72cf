import { type Answer, answerOf, isRecord } from './answer';
import { client, REQUEST_TIMEOUT_MS } from './client';
import type { SaleStatus } from './wire';

/** Reads one sale, or the featured one when `sku` is null. */
export function getSale(sku: string | null): Promise<Answer<SaleStatus>> {
  return answerOf(
    () =>
      client.GET('/api/v1/sales', {
        params: { query: sku === null ? {} : { sku } },
        // A 304 would hand out the cached body with its old `serverTime`, and the countdown would run late.
        cache: 'no-store',
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      }),
    isSaleStatus,
  );
}

export function isSaleStatus(value: unknown): value is SaleStatus {
  return (
    isRecord(value) &&
    ['sku', 'productName', 'state', 'startTime', 'endTime', 'serverTime'].every(
      (name) => typeof value[name] === 'string',
    ) &&
    ['stock', 'initialStock', 'limitPerBuyer', 'version'].every((name) => typeof value[name] === 'number') &&
    typeof value.paused === 'boolean'
  );
}
