import { randomBytes } from 'node:crypto';
import { test as base, expect, type Page } from '@playwright/test';
import { Server } from './server.js';

export interface SaleSpec {
  productName?: string;
  initialStock?: number;
  limitPerBuyer?: number;
  startsInMs?: number;
  endsInMs?: number;
}

/** The shop's keeper: makes and steers sales through the admin API. */
export class Keeper {
  readonly #server: Server;

  constructor(server: Server) {
    this.#server = server;
  }

  /** Creates a sale under a fresh sku, running since a minute unless told otherwise; returns the sku. */
  async sale(spec: SaleSpec = {}): Promise<string> {
    const { productName = 'Aurora One Headphones', initialStock = 100, limitPerBuyer = 1 } = spec;
    const now = Date.now();
    const sku = `E2E-${randomBytes(5).toString('hex').toUpperCase()}`;
    await this.#post('', {
      sku,
      productName,
      initialStock,
      limitPerBuyer,
      startTime: new Date(now + (spec.startsInMs ?? -60_000)).toISOString(),
      endTime: new Date(now + (spec.endsInMs ?? 3_600_000)).toISOString(),
    });
    return sku;
  }

  pause = (sku: string) => this.#post(`/${sku}/pause`);
  resume = (sku: string) => this.#post(`/${sku}/resume`);
  end = (sku: string) => this.#post(`/${sku}/end`);

  /** Changes a sale that has not begun. */
  change = (sku: string, fields: Record<string, unknown>) => this.#send('PUT', `/${sku}`, fields);
  delete = (sku: string) => this.#send('DELETE', `/${sku}`);

  /** Makes one attempt without a page; returns the bare answer. */
  attemptAs(buyer: string, sku: string): Promise<Response> {
    return fetch(`${this.#server.url}/api/v1/purchases`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-User-Id': buyer },
      body: JSON.stringify({ sku }),
    });
  }

  /** Buys as somebody else, without a page. */
  async buyAs(buyer: string, sku: string): Promise<string> {
    const response = await this.attemptAs(buyer, sku);
    const answer = (await response.json()) as { success: boolean; data: { purchaseNo: string } };
    expect(answer).toMatchObject({ success: true });
    return answer.data.purchaseNo;
  }

  #post = (path: string, body: object = {}) => this.#send('POST', path, body);

  async #send(method: string, path: string, body?: object): Promise<void> {
    const response = await fetch(`${this.#server.url}/api/v1/products${path}`, {
      method,
      headers: { 'Content-Type': 'application/json', 'X-Admin-Key': this.#server.adminKey },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const { success } = JSON.parse(text) as { success: boolean };
    expect(response.ok && success, `${method} products${path}: ${response.status} ${text}`).toBe(true);
  }
}

/** What a shopper sees and does on the page of one sale. */
export class Shopper {
  readonly page: Page;
  readonly button;
  readonly stock;
  readonly banner;
  readonly purchaseNo;

  constructor(page: Page) {
    this.page = page;
    this.button = page.locator('button[data-face]');
    this.stock = page.getByTestId('stock');
    this.banner = page.getByTestId('link-banner');
    this.purchaseNo = page.getByTestId('purchase-no');
  }

  async visit(server: Server, sku: string): Promise<void> {
    await this.page.goto(`${server.url}/sales/${sku}`);
    await expect(this.button).toBeVisible();
  }

  async callThemselves(name: string): Promise<void> {
    await this.page.getByLabel('Your name').fill(name);
    await this.page.getByLabel('Your name').press('Enter');
  }
}

/** One server a worker; a test that kills servers starts its own. */
export const test = base.extend<{ keeper: Keeper; shopper: Shopper }, { server: Server }>({
  server: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the pattern to learn what a fixture needs.
    async ({}, use) => {
      const server = await Server.start();
      await use(server);
      await server.stop();
    },
    { scope: 'worker' },
  ],
  keeper: async ({ server }, use) => use(new Keeper(server)),
  shopper: async ({ page }, use) => {
    const refused: string[] = [];
    page.on('console', (message) => {
      if (/content security policy/i.test(message.text())) refused.push(message.text());
    });
    await use(new Shopper(page));
    expect(refused, 'what the content security policy refused').toEqual([]);
  },
});

export { expect };
