import { parseSaleEvent, SALE_EVENT_TYPES, type SaleEvent, saleEventsUrl } from '../../../api/sale-events';
import { backoffMs } from '../../../lib/backoff';

export interface StreamListener {
  opened(): void;
  heard(event: SaleEvent): void;
  /** The connection is gone; `refused` when the server answered with something that is not a stream. */
  lost(refused: boolean): void;
}

/**
 * One sale's event stream, reopened for as long as it is wanted.
 *
 * The browser repeats dropped connections by itself, but gives up for good after an answer that is not a 200
 * stream (a server that is shedding, a proxy without a server): those are repeated here, with jitter.
 */
export class SaleStream {
  readonly #url: string;
  readonly #listener: StreamListener;
  #source: EventSource | null = null;
  #refusals = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(sku: string, listener: StreamListener) {
    this.#url = saleEventsUrl(sku);
    this.#listener = listener;
  }

  /** Opens a new connection in place of whatever there is. */
  open(): void {
    this.close();
    const source = new EventSource(this.#url);
    this.#source = source;
    source.onopen = () => {
      this.#refusals = 0;
      this.#listener.opened();
    };
    for (const type of SALE_EVENT_TYPES) {
      source.addEventListener(type, (message: MessageEvent<string>) => {
        const event = parseSaleEvent(type, message.data);
        if (event) this.#listener.heard(event);
      });
    }
    source.onerror = () => {
      const refused = source.readyState === EventSource.CLOSED;
      if (refused) {
        const waitMs = backoffMs({ baseMs: 1000, capMs: 30_000 }, this.#refusals++);
        this.#timer = setTimeout(() => this.open(), waitMs);
      }
      this.#listener.lost(refused);
    };
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }
}
