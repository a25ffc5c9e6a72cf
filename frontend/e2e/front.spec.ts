import { inspect } from './axe.js';
import { expect, Keeper, PRICED, test } from './fixtures.js';

const STREAM = 'GET /api/v1/sales/events';

test('the front page shows live, coming and past sales, each in its place', async ({ startServer, page }) => {
  const server = await startServer();
  const keeper = new Keeper(server);
  const later = await keeper.sale({ productName: 'Ends later' });
  const first = await keeper.sale({ ...PRICED, productName: 'Ends first', endsInMs: 1_800_000 });
  const soon = await keeper.sale({ productName: 'Starts soon', startsInMs: 3_000_000 });
  const gone = await keeper.sale({ productName: 'Sold out', initialStock: 1 });
  await keeper.buyAs('somebody', gone);
  await page.goto(server.url);
  const group = (name: string) => page.getByRole('region', { name }).getByRole('article');
  await expect(group('On sale now')).toHaveCount(2);
  await expect(group('On sale now').nth(0)).toHaveAttribute('data-testid', `tile-${first}`);
  await expect(group('On sale now').nth(1)).toHaveAttribute('data-testid', `tile-${later}`);
  await expect(group('Coming up')).toHaveAttribute('data-testid', `tile-${soon}`);
  await expect(group('Over')).toHaveAttribute('data-testid', `tile-${gone}`);
  await expect(page.getByTestId(`tile-${gone}`)).toContainText('1 of 1 sold');
  await inspect(page, 'front');
});

test('an empty shop says so, and the first sale appears by itself', async ({ startServer, page }) => {
  const server = await startServer();
  const keeper = new Keeper(server);
  await page.goto(server.url);
  await expect(page.getByRole('heading', { name: 'No sale yet' })).toBeVisible();
  await inspect(page, 'front-empty');
  const sku = await keeper.sale();
  await expect(page.getByTestId(`tile-${sku}`)).toContainText('100 of 100 left');
  await keeper.delete(sku);
  await expect(page.getByRole('heading', { name: 'No sale yet' })).toBeVisible();
});

test('every tile lives over one stream', async ({ startServer, network, page }) => {
  const server = await startServer();
  const keeper = new Keeper(server);
  network.leadTo(server);
  const skus = [await keeper.sale(), await keeper.sale(), await keeper.sale({ startsInMs: 3_000_000 })];
  const [one = '', two = '', three = ''] = skus;
  await page.goto(network.url);
  await expect(page.getByTestId(`tile-${two}`)).toContainText('100 of 100 left');
  await keeper.buyAs('Ada', one);
  await keeper.buyAs('Ada', two);
  await expect(page.getByTestId(`tile-${one}`)).toContainText('99 of 100 left');
  await expect(page.getByTestId(`tile-${two}`)).toContainText('99 of 100 left');
  await keeper.change(three, { startTime: new Date(Date.now() - 1000).toISOString() });
  await expect(page.getByRole('region', { name: 'On sale now' }).getByTestId(`tile-${three}`)).toBeVisible();
  await keeper.end(one);
  await expect(page.getByRole('region', { name: 'Over' }).getByTestId(`tile-${one}`)).toBeVisible();
  expect(network.seen(STREAM)).toHaveLength(1);
  expect(network.seen(/^GET \/api\/v1\/sales(\?|\/all|$)/)).toHaveLength(0);
});

test('a tile leads to its sale, and the way back to all of them', async ({ startServer, shopper }) => {
  const { page } = shopper;
  const server = await startServer();
  const sku = await new Keeper(server).sale({ productName: 'Way to go' });
  await page.goto(server.url);
  await page.getByRole('link', { name: 'Way to go' }).click();
  await expect(page).toHaveURL(`${server.url}/sales/${sku}`);
  await expect(page.getByRole('heading', { level: 1, name: 'Way to go' })).toBeVisible();
  await expect(page).toHaveTitle('Way to go · Stampede');
  await expect(page.getByRole('main')).toBeFocused();
  await shopper.callThemselves('Ada');
  await shopper.button.click();
  await expect(shopper.button).toHaveText('Purchased');
  await page.goBack();
  await expect(page.getByTestId(`tile-${sku}`)).toContainText('Yours');
});

test('the page speaks the language of the browser, or the one that is chosen', { tag: '@embedded' }, async ({
  server,
  keeper,
  browser,
}) => {
  const sku = await keeper.sale(PRICED);
  const context = await browser.newContext({ locale: 'de-AT' });
  const page = await context.newPage();
  await page.goto(`${server.url}/sales/${sku}`);
  await expect(page.locator('html')).toHaveAttribute('lang', 'de');
  await expect(page.getByLabel('Ihr Name')).toBeVisible();
  await inspect(page, 'german');
  await page.getByRole('button', { name: 'English' }).click();
  await expect(page.getByLabel('Your name')).toBeVisible();
  await page.reload();
  await expect(page.getByLabel('Your name')).toBeVisible();
  await expect(page.locator('html')).toHaveAttribute('lang', 'en');
  await context.close();
});
