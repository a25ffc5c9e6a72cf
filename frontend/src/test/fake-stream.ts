import { HttpResponse, http } from 'msw';
import type { SaleStatus } from '../api/wire';
import { failure, stamped } from './wire-answers';

const bytes = new TextEncoder();

const eventText = (type: string, data: object) => `event: ${type}\nid: 1\ndata: ${JSON.stringify(data)}\n\n`;

/** One event stream that the page has open: a real body, fed and broken by hand. */
export class FakeStream {
  readonly body: ReadableStream<Uint8Array>;
  #feed: ReadableStreamDefaultController<Uint8Array> | undefined;
  /** Kept, since Node tells an abort to no request that was collected. */
  readonly #request: Request;

  constructor(request: Request) {
    this.#request = request;
    this.body = new ReadableStream({
      start: (feed) => {
        this.#feed = feed;
      },
    });
    const letGo = () => this.#feed?.error(request.signal.reason);
    if (request.signal.aborted) letGo();
    else request.signal.addEventListener('abort', letGo);
  }

  /** Whether the page let it go. */
  get closed(): boolean {
    return this.#request.signal.aborted;
  }

  /** Sends text as it is, in a chunk of its own. */
  send(text: string): void {
    if (!this.closed) this.#feed?.enqueue(bytes.encode(text));
  }

  emit(type: string, data: object): void {
    this.send(eventText(type, data));
  }

  /** The comment that keeps a connection alive. */
  beat(): void {
    this.send(': alive\n\n');
  }

  /** The connection breaks. */
  drop(): void {
    this.#feed?.error(new TypeError('network error'));
  }
}

/** The route of the event streams: what the page asked of it, and how it answers from now on. */
class FakeStreams {
  /** What was asked for, in order, the refused ones too. */
  urls: string[] = [];
  /** What was opened, oldest first. */
  opened: FakeStream[] = [];
  #answer: (request: Request) => Response = () => HttpResponse.error();

  readonly handler = http.get('*/api/v1/sales/events', ({ request }) => {
    const { pathname, search } = new URL(request.url);
    this.urls.push(pathname + search);
    return this.#answer(request);
  });

  reset(): void {
    this.urls = [];
    this.opened = [];
    this.name();
  }

  get last(): FakeStream {
    const last = this.opened.at(-1);
    if (!last) throw new Error('The page opened no stream.');
    return last;
  }

  /** It names these sales first, as the server does, and knows no others. */
  name(...sales: SaleStatus[]): void {
    this.#answer = (request) => {
      const sku = new URL(request.url).searchParams.get('sku');
      const named = sales.filter((sale) => sku === null || sale.sku === sku);
      if (sku !== null && named.length === 0) return failure(404, 'NOT_FOUND');
      const response = this.#open(request);
      const names = named.map((sale) => eventText('initial', stamped(sale)));
      this.last.send(`retry: 1000\n\n${names.join('')}`);
      return response;
    };
  }

  /** It opens, and a proxy on the way keeps every byte to itself. */
  holdBack(): void {
    this.#answer = (request) => this.#open(request);
  }

  refuse(status: number, retryAfterS?: number): void {
    const headers = retryAfterS === undefined ? {} : { 'Retry-After': String(retryAfterS) };
    this.#answer = () => new HttpResponse('<h1>No</h1>', { status, headers });
  }

  /** There is no way to it. */
  breakOff(): void {
    this.#answer = () => HttpResponse.error();
  }

  #open(request: Request): Response {
    const stream = new FakeStream(request);
    this.opened.push(stream);
    return new HttpResponse(stream.body, { headers: { 'Content-Type': 'text/event-stream' } });
  }
}

export const streams = new FakeStreams();
