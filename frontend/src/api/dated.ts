import type { SaleStatus } from './wire';

/** Less is the rounding of a date, or a node whose own clock is not quite that of its sales. */
const OLD_MS = 2000;

/**
 * The sale with a `serverTime` that is not older than its answer.
 *
 * A cache on the way that asks whether its copy still holds keeps the old body, with the time in it: the countdown
 * to a sale that waits for its start would run an hour late. The date of the answer is renewed.
 */
export function dated(sale: SaleStatus, headers: Headers): SaleStatus {
  const date = new Date(headers.get('Date') ?? Number.NaN);
  const isOld = date.getTime() - Date.parse(sale.serverTime) > OLD_MS;
  return isOld ? { ...sale, serverTime: date.toISOString() } : sale;
}
