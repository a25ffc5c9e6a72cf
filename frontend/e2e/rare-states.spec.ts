import { inspect } from './axe.js';
import { expect, Keeper, PRICED, test } from './fixtures.js';

// What the page shows is the same on each engine: it is looked at on one.
const LOOKS = { tag: '@embedded' };

const SALES = /GET \/api\/v1\/sales/;

test(
  'a sale whose units are few, and one that lost the race, are fit for every reader',
  LOOKS,
  async ({ network, keeper, shopper }) => {
    const sku = await keeper.sale({ ...PRICED, initialStock: 20, limitPerBuyer: 20 });
    await keeper.buyAs('Somebody', sku, 19);
    await shopper.visit(network, sku);
    await expect(shopper.page.getByText('Almost gone')).toBeVisible();
    await inspect(shopper.page, 'almost-gone');
    await shopper.callThemselves('Too Late');
    // Without its stream the page still offers the unit that is gone.
    network.freezeStreams();
    await keeper.buyAs('Somebody else', sku);
    await shopper.button.click();
    await expect(shopper.page.getByText('the last unit went before your order arrived')).toBeVisible();
    await inspect(shopper.page, 'lost-the-race');
  },
);

test(
  'a sale that is held before its start, with much to read, is fit for every reader',
  LOOKS,
  async ({ server, keeper, shopper }) => {
    const description = Array.from({ length: 12 }, (_, line) => `Line ${line + 1} of what it is.`).join('\n');
    const sku = await keeper.sale({ ...PRICED, description, startsInMs: 3_600_000, endsInMs: 7_200_000 });
    await keeper.pause(sku);
    await shopper.visit(server, sku);
    await expect(shopper.page.getByText('On hold: it opens once the shop resumes it.')).toBeVisible();
    await inspect(shopper.page, 'on-hold');
    await shopper.page.getByRole('button', { name: 'More' }).click();
    await expect(shopper.page.getByRole('button', { name: 'Less' })).toBeVisible();
    await inspect(shopper.page, 'more-to-read');
  },
);

test('pages that wait for the first word are fit for every reader', LOOKS, async ({ network, shopper }) => {
  const { page } = shopper;
  await shopper.waitForEver();
  network.hold(SALES);
  for (const [path, name] of [
    ['/', 'opening-front'],
    ['/sales/ANY-SKU', 'opening'],
  ] as const) {
    await page.goto(`${network.url}${path}`);
    await expect(page.getByText('Opening the shop…')).toBeAttached();
    await inspect(page, name);
    await expect(page.getByText('Opening the shop…')).toBeAttached();
  }
});

test(
  'a front page without its stream is fit for every reader',
  LOOKS,
  async ({ startServer, network, page }) => {
    const server = await startServer();
    network.leadTo(server);
    const sku = await new Keeper(server).sale(PRICED);
    await page.goto(network.url);
    await expect(page.getByTestId(`tile-${sku}`)).toBeVisible();
    const heal = network.freezeStreams();
    network.cutStreams();
    const banner = page.getByTestId('link-banner');
    await expect(banner).toHaveText(/^Reconnecting…/);
    await inspect(page, 'front-lost');
    heal();
    await expect(banner).toBeEmpty();
    network.refuse('GET /api/v1/sales/events');
    network.cutStreams();
    // The page tries again first, after waits of its own drawing.
    await expect(banner).toHaveText(/^Live updates are off/, { timeout: 30_000 });
    await inspect(page, 'front-polling');
  },
);

test(
  'receipts that outlive their sale, or the memory of the shop, are fit for every reader',
  LOOKS,
  async ({ server, keeper, shopper }) => {
    const { page } = shopper;
    const [gone, other] = [await keeper.sale(PRICED), await keeper.sale(PRICED)];
    await shopper.visit(server, gone);
    await shopper.callThemselves('Ada Lovelace');
    await shopper.button.click();
    await expect(shopper.purchaseNo).toBeVisible();
    await keeper.delete(gone);
    await expect(page.getByRole('heading', { name: 'No such sale' })).toBeVisible();
    await expect(shopper.purchaseNo).toBeVisible();
    await inspect(page, 'kept-receipt');
    // A shop that lost its data knows nothing of what this browser has on record.
    await page.evaluate(
      ([from, to]) => {
        const record = localStorage.getItem(`stampede:purchases:${from}:Ada Lovelace`) ?? '';
        localStorage.setItem(`stampede:purchases:${to}:Ada Lovelace`, record);
      },
      [gone, other],
    );
    await shopper.visit(server, other);
    await expect(page.getByText(/does not know this purchase any more/)).toBeVisible();
    await inspect(page, 'forgotten-receipt');
  },
);
