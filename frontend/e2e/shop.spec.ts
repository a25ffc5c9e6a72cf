import { expect, Keeper, Shopper, test } from './fixtures.js';

test('a buyer buys and gets a receipt that takes the focus', async ({ server, keeper, shopper }) => {
  const sku = await keeper.sale();
  await shopper.visit(server, sku);
  await expect(shopper.stock).toHaveText('100 of 100 left');
  await shopper.callThemselves('Ada Lovelace');
  await shopper.button.click();
  await expect(shopper.page.getByRole('heading', { name: 'It is yours' })).toBeFocused();
  await expect(shopper.purchaseNo).toHaveText(/^PUR-\d{8}-/);
  await expect(shopper.button).toHaveText('Purchased');
  await expect(shopper.stock).toHaveText('99 of 100 left');
});

test('the stock falls in a second browser without a reload', async ({ server, keeper, shopper, browser }) => {
  const sku = await keeper.sale({ initialStock: 10 });
  const context = await browser.newContext();
  const other = new Shopper(await context.newPage());
  await other.visit(server, sku);
  await expect(other.stock).toHaveText('10 of 10 left');
  await shopper.visit(server, sku);
  await shopper.callThemselves('Grace');
  await shopper.button.click();
  await expect(shopper.button).toHaveText('Purchased');
  await expect(other.stock).toHaveText('9 of 10 left');
  await expect(other.button).toHaveText('Buy now');
  await context.close();
});

/** An hour from now: a test moves start and end close once the page stands, however slowly that loads. */
const UPCOMING = { startsInMs: 3_600_000, endsInMs: 7_200_000 };

const inMs = (delayMs: number) => new Date(Date.now() + delayMs).toISOString();

test('an upcoming sale turns active by itself', async ({ server, keeper, shopper }) => {
  const sku = await keeper.sale(UPCOMING);
  await shopper.visit(server, sku);
  await expect(shopper.button).toHaveText(/^Starts in (01:00:00|00:59:\d\d)$/);
  await expect(shopper.button).toHaveAttribute('aria-disabled', 'true');
  await keeper.change(sku, { startTime: inMs(1500) });
  await expect(shopper.button).toHaveText('Buy now');
  await shopper.callThemselves('Early Bird');
  await shopper.button.click();
  await expect(shopper.button).toHaveText('Purchased');
});

test('a running sale ends by itself', async ({ server, keeper, shopper }) => {
  const sku = await keeper.sale(UPCOMING);
  await shopper.visit(server, sku);
  // Nobody can change a running sale, so its end is set before, far enough away for a slow machine to see it run.
  await keeper.change(sku, { startTime: inMs(-1000), endTime: inMs(15_000) });
  await expect(shopper.button).toHaveText('Buy now');
  await expect(shopper.button).toHaveText('Sale ended', { timeout: 30_000 });
});

test('a sale that the shop ends is over at once', async ({ server, keeper, shopper }) => {
  const sku = await keeper.sale();
  await shopper.visit(server, sku);
  await expect(shopper.button).toHaveText('Buy now');
  await keeper.end(sku);
  await expect(shopper.button).toHaveText('Sale ended');
  await expect(shopper.page.getByRole('link', { name: 'See what else is on sale' })).toBeVisible();
});

test('a change of an upcoming sale reaches the open page', async ({ server, keeper, shopper }) => {
  const sku = await keeper.sale(UPCOMING);
  await shopper.visit(server, sku);
  await expect(shopper.stock).toHaveText('100 of 100 left');
  await keeper.change(sku, { productName: 'Borealis Two', initialStock: 7, startTime: inMs(-1000) });
  await expect(shopper.page.getByRole('heading', { name: 'Borealis Two' })).toBeVisible();
  await expect(shopper.stock).toHaveText('7 of 7 left');
  await expect(shopper.button).toHaveText('Buy now');
});

test('a deleted sale leaves the page', async ({ server, keeper, shopper }) => {
  const sku = await keeper.sale();
  await shopper.visit(server, sku);
  await keeper.delete(sku);
  await expect(shopper.page.getByRole('heading', { name: 'No such sale' })).toBeVisible();
});

test('the last unit sold to somebody else shows as sold out', async ({ server, keeper, shopper }) => {
  const sku = await keeper.sale({ initialStock: 1 });
  await shopper.visit(server, sku);
  await shopper.callThemselves('Too Late');
  await expect(shopper.button).toHaveText('Buy now');
  await keeper.buyAs('somebody-else', sku);
  await expect(shopper.button).toHaveText('Sold out');
  await expect(shopper.stock).toHaveText('0 of 1 left');
});

test('a rejection that overtakes the stream is told as it is', async ({ server, keeper, shopper }) => {
  const sku = await keeper.sale({ initialStock: 1 });
  // Without its stream the page still offers the unit that is gone.
  await shopper.page.route('**/api/v1/sales/events*', (route) => route.abort());
  await shopper.visit(server, sku);
  await keeper.buyAs('somebody-else', sku);
  await shopper.callThemselves('Too Late');
  await shopper.button.click();
  await expect(shopper.page.getByText('the last unit went before your order arrived')).toBeVisible();
  await expect(shopper.button).toHaveText('Sold out');
});

test('a buyer who bought elsewhere sees their own receipt', async ({ server, keeper, shopper }) => {
  const sku = await keeper.sale();
  const purchaseNo = await keeper.buyAs('Ada', sku);
  await shopper.visit(server, sku);
  await shopper.callThemselves('Ada');
  await expect(shopper.purchaseNo).toHaveText(purchaseNo);
  await expect(shopper.button).toHaveText('Purchased');
});

test('a second attempt of the same buyer is answered with the first purchase', async ({
  server,
  keeper,
  shopper,
}) => {
  const sku = await keeper.sale();
  const purchaseNo = await keeper.buyAs('Ada', sku);
  // The list of purchases is out of reach, so that the attempt itself has to tell.
  await shopper.page.route('**/api/v1/purchases?*', (route) => route.abort());
  await shopper.visit(server, sku);
  await shopper.callThemselves('Ada');
  await shopper.button.click();
  await expect(shopper.page.getByText('You already hold all')).toBeVisible();
  await expect(shopper.button).toHaveText('Already yours');
  await expect(shopper.purchaseNo).toHaveText(purchaseNo);
});

test('who is too fast is told to wait, and can buy after that', async ({ startServer, shopper }) => {
  const server = await startServer({ settings: { RATE_LIMIT_PURCHASE_PER_BUYER: '1' } });
  const keeper = new Keeper(server);
  const sku = await keeper.sale();
  // The page gets the answer that the server gives to Ada once her allowance is used up on a sale that is none.
  await shopper.page.route('**/api/v1/purchases', async (route) => {
    const noSale = JSON.stringify({ sku: 'NO-SUCH-SALE' });
    let response = await route.fetch({ postData: noSale });
    while (response.status() !== 429) response = await route.fetch({ postData: noSale });
    await route.fulfill({ response });
  });
  await shopper.page.clock.install();
  await shopper.visit(server, sku);
  await shopper.callThemselves('Ada');
  await expect(shopper.button).toHaveText('Buy now');
  // The page's clock stands still, so that the wait lasts for as long as we look at it.
  await shopper.page.clock.pauseAt(Date.now() + 60_000);
  await shopper.button.click();
  await expect(shopper.button).toHaveText('Too fast, try again in 1 s');
  await expect(shopper.page.getByText('Nothing was bought yet; wait a moment')).toBeVisible();
  await shopper.page.unroute('**/api/v1/purchases');
  await shopper.page.clock.resume();
  await expect(shopper.button).toHaveText('Buy now');
  await shopper.button.click();
  await expect(shopper.button).toHaveText('Purchased');
});

test('a name in any script reaches the server as it was typed', async ({ server, keeper, shopper }) => {
  const sku = await keeper.sale();
  await shopper.visit(server, sku);
  await shopper.callThemselves('Жанна 春 Ñandú');
  await shopper.button.click();
  const bought = await shopper.purchaseNo.textContent();
  const response = await fetch(`${server.url}/api/v1/purchases?sku=${sku}`, {
    headers: { 'X-User-Id': Buffer.from('Жанна 春 Ñandú').toString('latin1') },
  });
  expect(await response.json()).toMatchObject({ data: { purchaseNo: bought } });
});

test('pausing and resuming reach the page at once', async ({ server, keeper, shopper }) => {
  const sku = await keeper.sale();
  await shopper.visit(server, sku);
  await expect(shopper.button).toHaveText('Buy now');
  await keeper.pause(sku);
  await expect(shopper.button).toHaveText('Paused');
  await keeper.resume(sku);
  await expect(shopper.button).toHaveText('Buy now');
});

test('the name is asked for before anything is sent', { tag: '@embedded' }, async ({
  server,
  keeper,
  shopper,
}) => {
  const sku = await keeper.sale();
  await shopper.visit(server, sku);
  await shopper.button.click();
  await expect(shopper.page.getByText('Enter your name first.')).toBeVisible();
  await expect(shopper.page.getByLabel('Your name')).toBeFocused();
});

test('a page without a sale says so', async ({ server, page }) => {
  await page.goto(`${server.url}/sales/NO-SUCH-SALE`);
  await expect(page.getByRole('heading', { name: 'No such sale' })).toBeVisible();
  await page.goto(`${server.url}/nowhere`);
  await expect(page.getByRole('heading', { name: 'Page not found' })).toBeVisible();
});
