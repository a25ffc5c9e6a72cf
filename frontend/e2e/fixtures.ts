import { randomBytes } from 'node:crypto';
import { test as base, expect, type Locator, type Page } from '@playwright/test';
import { AdminDesk } from './admin-desk.js';
import { Network } from './network.js';
import { Server, type ServerSpec } from './server.js';
import { Stores } from './stores.js';

export type Engine = 'embedded' | 'redis';

/** How a sale differs from the usual one. */
export interface SaleSpec {
  productName?: string;
  initialStock?: number;
  limitPerBuyer?: number;
  startsInMs?: number;
  endsInMs?: number;
  description?: string;
  picture?: string;
  priceMinor?: number;
  currency?: string;
}

/** With everything that a product's page can show. */
export const PRICED: SaleSpec = {
  productName: 'Aurora One Headphones',
  description: 'Forty hours of music, in the colour of a northern night.\nNumbered by hand.',
  picture: '/pictures/aurora-lamp.svg',
  priceMinor: 14_900,
  currency: 'EUR',
};

/** The shop's keeper: makes and steers sales through the admin API. */
export class Keeper {
  readonly #server: Server;

  constructor(server: Server) {
    this.#server = server;
  }

  /** Creates a sale under a fresh sku, running since a minute unless told otherwise; returns the sku. */
  async sale(spec: SaleSpec = {}): Promise<string> {
    const { startsInMs = -60_000, endsInMs = 3_600_000, ...fields } = spec;
    const now = Date.now();
    const sku = `E2E-${randomBytes(5).toString('hex').toUpperCase()}`;
    await this.#post('', {
      sku,
      productName: 'Aurora One Headphones',
      initialStock: 100,
      limitPerBuyer: 1,
      startTime: new Date(now + startsInMs).toISOString(),
      endTime: new Date(now + endsInMs).toISOString(),
      ...fields,
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
  attemptAs(buyer: string, sku: string, qty = 1): Promise<Response> {
    return fetch(`${this.#server.url}/api/v1/purchases`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-User-Id': buyer },
      body: JSON.stringify({ sku, qty }),
    });
  }

  /** Buys as somebody else, without a page. */
  async buyAs(buyer: string, sku: string, qty = 1): Promise<string> {
    const response = await this.attemptAs(buyer, sku, qty);
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
  readonly name;
  readonly button;
  readonly stock;
  readonly banner;
  readonly purchaseNo;

  constructor(page: Page) {
    this.page = page;
    this.name = page.locator('input[name=buyer]');
    this.button = page.locator('button[data-face]');
    this.stock = page.getByTestId('stock');
    this.banner = page.getByTestId('link-banner');
    this.purchaseNo = page.getByTestId('purchase-no');
  }

  /** Opens the page of a sale, from a server or over a network. */
  async visit(from: { url: string }, sku: string): Promise<void> {
    await this.page.goto(`${from.url}/sales/${sku}`);
    await expect(this.button).toBeVisible();
  }

  /** From its next load on the page waits for each answer as long as a test holds it back. */
  async waitForEver(): Promise<void> {
    await this.page.addInitScript(() => {
      AbortSignal.timeout = () => new AbortController().signal;
    });
  }

  async callThemselves(name: string): Promise<void> {
    await this.name.fill(name);
    await this.name.press('Enter');
  }
}

interface TestFixtures {
  keeper: Keeper;
  shopper: Shopper;
  admin: AdminDesk;
  /** A way to `server` that can fail, for a browser that takes it. */
  network: Network;
  /** Starts one more server of the project's engine, for a test that kills it or sets it up; ends with the test. */
  startServer: (spec?: ServerSpec) => Promise<Server>;
}

interface WorkerFixtures {
  /** Set by the project. */
  engine: Engine;
  /** Of the engine redis. */
  stores: Stores | null;
  /** Shared by the tests of a worker. */
  server: Server;
}

export const test = base.extend<TestFixtures, WorkerFixtures>({
  engine: ['embedded', { option: true, scope: 'worker' }],
  stores: [
    async ({ engine }, use) => {
      const stores = engine === 'redis' ? new Stores() : null;
      await use(stores);
      await stores?.stop();
    },
    { scope: 'worker' },
  ],
  server: [
    async ({ stores }, use) => {
      const server = await Server.start(stores);
      await use(server);
      await server.stop();
    },
    { scope: 'worker' },
  ],
  startServer: async ({ stores }, use) => {
    const started: Server[] = [];
    await use(async (spec) => {
      const server = await Server.start(stores, spec);
      started.push(server);
      return server;
    });
    for (const server of started) await server.stop();
  },
  network: async ({ server }, use) => {
    const network = await Network.before(server);
    await use(network);
    await network.close();
  },
  keeper: async ({ server }, use) => use(new Keeper(server)),
  shopper: async ({ page }, use) => {
    const expectNoneRefused = watchPolicy(page);
    await use(new Shopper(page));
    expectNoneRefused();
  },
  admin: async ({ page }, use) => {
    const expectNoneRefused = watchPolicy(page);
    await use(new AdminDesk(page));
    expectNoneRefused();
  },
});

/** Collects what the content security policy refuses; the returned function holds that this is nothing. */
function watchPolicy(page: Page): () => void {
  const refused: string[] = [];
  page.on('console', (message) => {
    if (/content security policy/i.test(message.text())) refused.push(message.text());
  });
  return () => expect(refused, 'what the content security policy refused').toEqual([]);
}

/** More than any page has. */
const TABS_MAX = 100;

/** Moves the focus by the keyboard, as who cannot use a mouse does. */
export async function tabTo(target: Locator): Promise<void> {
  await expect(target).toBeVisible();
  const hasFocus = () => target.evaluate((element) => element === document.activeElement);
  for (let tabs = 0; !(await hasFocus()); tabs++) {
    if (tabs === TABS_MAX) throw new Error(`${target} is not reached by the Tab key.`);
    await target.page().keyboard.press('Tab');
  }
}

export { expect };
