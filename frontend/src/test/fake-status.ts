import { HttpResponse, http } from 'msw';
import type { SaleStatus } from '../api/wire';
import { failure, stamped, success } from './wire-answers';

/** The routes that tell a sale's status, one or all: what the page read, and what it is told from now on. */
class FakeStatus {
  /** What was asked for, in order. */
  reads: string[] = [];
  #sales: SaleStatus[] = [];
  #answer: (request: Request) => Response | Promise<Response> = () => HttpResponse.error();

  readonly handlers = ['*/api/v1/sales', '*/api/v1/sales/all'].map((path) =>
    http.get(path, ({ request }) => {
      const { pathname, search } = new URL(request.url);
      this.reads.push(pathname + search);
      return this.#answer(request);
    }),
  );

  reset(): void {
    this.reads = [];
    this.tell();
  }

  /** These are all the sales that there are. */
  tell(...sales: SaleStatus[]): void {
    this.#sales = sales;
    this.#answer = (request) => this.#told(request);
  }

  refuse(status: number, retryAfterS?: number): void {
    const headers = retryAfterS === undefined ? {} : { 'Retry-After': String(retryAfterS) };
    this.#answer = () => new HttpResponse('<h1>No</h1>', { status, headers });
  }

  /** There is no way to it. */
  breakOff(): void {
    this.#answer = () => HttpResponse.error();
  }

  /** It answers with what is told by then, once the returned function is called. */
  hold(): () => void {
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    this.#answer = async (request) => {
      await released;
      return this.#told(request);
    };
    return release;
  }

  #told(request: Request): Response {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname.endsWith('/all')) return success(this.#sales.map(stamped));
    const sale = this.#sales.find(({ sku }) => sku === searchParams.get('sku'));
    return sale ? success(stamped(sale)) : failure(404, 'NOT_FOUND');
  }
}

export const status = new FakeStatus();
