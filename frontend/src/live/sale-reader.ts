import type { Answer } from '../api/answer';
import { getSale } from '../api/get-sale';
import { getSales } from '../api/get-sales';
import type { SaleStatus } from '../api/wire';
import { type Away, nextReadInMs } from './reading-rhythm';

/** Takes what a read told; null if it failed. */
export type ReadListener = (sales: readonly SaleStatus[] | null) => void;

/** Reads one sale, or all, in place of a stream: one read at a time, each planned by who wants it. */
export class SaleReader {
  readonly #sku: string | null;
  readonly #listener: ReadListener;
  readonly #luck = Math.random();
  #failures = 0;
  #retryAfterMs = 0;
  /** The read under way: an answer to any other one is not wanted any more. */
  #reading: symbol | null = null;
  #dueAtMs = Number.POSITIVE_INFINITY;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(sku: string | null, listener: ReadListener) {
    this.#sku = sku;
    this.#listener = listener;
  }

  /** Sees to it that the next read comes as soon as `away` asks; one that is due sooner stays so. */
  plan(away: Away): void {
    if (this.#reading) return;
    const pace = { failures: this.#failures, retryAfterMs: this.#retryAfterMs, luck: this.#luck };
    const waitMs = nextReadInMs(away, pace);
    const dueAtMs = Date.now() + waitMs;
    if (dueAtMs >= this.#dueAtMs) return;
    clearTimeout(this.#timer);
    this.#dueAtMs = dueAtMs;
    this.#timer = setTimeout(() => void this.#read(), waitMs);
  }

  /** Reads no more, and takes no answer any more, until it is planned again. */
  rest(): void {
    clearTimeout(this.#timer);
    this.#dueAtMs = Number.POSITIVE_INFINITY;
    this.#reading = null;
    this.#failures = this.#retryAfterMs = 0;
  }

  async #read(): Promise<void> {
    this.#dueAtMs = Number.POSITIVE_INFINITY;
    const reading = Symbol();
    this.#reading = reading;
    const answer = await (this.#sku === null ? getSales() : oneSale(this.#sku));
    if (this.#reading !== reading) return;
    this.#reading = null;
    if (answer.kind === 'ok') {
      this.#failures = this.#retryAfterMs = 0;
      return this.#listener(answer.data);
    }
    this.#failures++;
    this.#retryAfterMs = answer.kind === 'unknown' ? 0 : (answer.failure.retryAfter ?? 0) * 1000;
    this.#listener(null);
  }
}

/** One sale in the shape of all of them: none if the server says that it does not exist. */
async function oneSale(sku: string): Promise<Answer<SaleStatus[]>> {
  const answer = await getSale(sku);
  if (answer.kind === 'ok') return { kind: 'ok', data: [answer.data] };
  return answer.kind === 'failure' && answer.failure.code === 'NOT_FOUND' ? { kind: 'ok', data: [] } : answer;
}
