import { type Answer, answerOf, isRecord } from './answer';
import { client, REQUEST_TIMEOUT_MS, SHARED_READ } from './client';
import { dated } from './dated';
import type { SaleState, SaleStatus } from './wire';

/** Reads one sale. */
export async function getSale(sku: string): Promise<Answer<SaleStatus>> {
  const reply = client.GET('/api/v1/sales', {
    params: { query: { sku } },
    ...SHARED_READ,
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  });
  const answer = await answerOf(() => reply, isSaleStatus);
  return answer.kind === 'ok'
    ? { ...answer, data: dated(answer.data, (await reply).response.headers) }
    : answer;
}

export function isSaleStatus(value: unknown): value is SaleStatus {
  return (
    isRecord(value) &&
    ['sku', 'productName'].every((name) => typeof value[name] === 'string') &&
    ['startTime', 'endTime', 'serverTime'].every((name) => isInstant(value[name])) &&
    ['stock', 'initialStock', 'limitPerBuyer', 'version'].every((name) => typeof value[name] === 'number') &&
    isSaleState(value.state) &&
    typeof value.paused === 'boolean'
  );
}

export function isSaleState(value: unknown): value is SaleState {
  return value === 'UPCOMING' || value === 'ACTIVE' || value === 'ENDED';
}

function isInstant(value: unknown): boolean {
  return typeof value === 'string' && !Number.isNaN(Date.parse(value));
}
