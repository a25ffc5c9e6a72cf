import { type Answer, answerOf } from './answer';
import { client, REQUEST_TIMEOUT_MS, SHARED_READ } from './client';
import { dated } from './dated';
import { isSaleStatus } from './get-sale';
import type { SaleStatus } from './wire';

/** Reads all public sales, upcoming and active first; the 100 that one answer (and one stream) holds. */
export async function getSales(): Promise<Answer<SaleStatus[]>> {
  const reply = client.GET('/api/v1/sales/all', {
    ...SHARED_READ,
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  });
  const answer = await answerOf(
    () => reply,
    (data): data is SaleStatus[] => Array.isArray(data) && data.every(isSaleStatus),
  );
  if (answer.kind !== 'ok') return answer;
  const { headers } = (await reply).response;
  return { ...answer, data: answer.data.map((sale) => dated(sale, headers)) };
}
