import { inspect } from './axe.js';
import { expect, Keeper, test } from './fixtures.js';

const BUY = 'POST /api/v1/purchases';
const STREAM = 'GET /api/v1/sales/events';

test('a killed server is shown, its return heals the page, and the receipt is kept', async ({
  startServer,
  shopper,
}) => {
  const server = await startServer();
  const keeper = new Keeper(server);
  const sku = await keeper.sale();
  await shopper.visit(server, sku);
  await shopper.callThemselves('Ada');
  await shopper.button.click();
  const bought = await shopper.purchaseNo.textContent();

  await server.kill();
  await expect(shopper.banner).toHaveText(/^Reconnecting… stock as of \d\d:\d\d:\d\d$/);
  await expect(shopper.purchaseNo).toHaveText(bought ?? '');
  await inspect(shopper.page, 'lost');

  await server.restart();
  await expect(shopper.banner).toBeEmpty({ timeout: 20_000 });
  await keeper.buyAs('somebody-else', sku);
  await expect(shopper.stock).toHaveText('98 of 100 left');
  await shopper.page.reload();
  await expect(shopper.purchaseNo).toHaveText(bought ?? '');
});

test('a purchase pressed while the server is down goes through once it is back', async ({
  startServer,
  shopper,
}) => {
  const server = await startServer();
  const sku = await new Keeper(server).sale();
  await shopper.visit(server, sku);
  await shopper.callThemselves('Ada');
  await server.kill();
  await shopper.button.click();
  await expect(shopper.button).toHaveText('Checking your order…');
  await server.restart();
  await expect(shopper.button).toHaveText('Purchased', { timeout: 30_000 });
  await expect(shopper.stock).toHaveText('99 of 100 left', { timeout: 30_000 });
});

test('a stream that is cut is opened again and says what was missed', async ({
  network,
  keeper,
  shopper,
}) => {
  const sku = await keeper.sale();
  await shopper.visit(network, sku);
  await expect(shopper.stock).toHaveText('100 of 100 left');
  await expect.poll(() => network.seen(STREAM).length).toBe(1);
  // The next stream opens and says nothing yet, so that there is time to look.
  const heal = network.freezeStreams();
  network.cutStreams();
  await expect(shopper.banner).toHaveText(/^Reconnecting…/);
  await keeper.buyAs('somebody-else', sku);
  heal();
  await expect(shopper.stock).toHaveText('99 of 100 left');
  await expect(shopper.banner).toBeEmpty();
});

test('a network that is half dead is found out, and the page looks by itself', async ({
  network,
  keeper,
  shopper,
}) => {
  const sku = await keeper.sale();
  await shopper.page.clock.install();
  await shopper.visit(network, sku);
  await expect.poll(() => network.seen(STREAM).length).toBe(1);
  const heal = network.freezeStreams();
  await keeper.buyAs('somebody-else', sku);
  await shopper.page.clock.fastForward(60_000);
  await expect(shopper.stock).toHaveText('99 of 100 left');
  await expect(shopper.banner).toHaveText(/^Live updates are off, looking every few seconds/);
  heal();
  await expect(shopper.banner).toBeEmpty();
});

test('a shop that refuses is asked again with the same key', async ({ network, keeper, shopper }) => {
  const sku = await keeper.sale();
  await shopper.visit(network, sku);
  await shopper.callThemselves('Ada');
  const heal = network.refuse(BUY, { retryAfterS: 1 });
  await shopper.button.click();
  await expect(shopper.button).toHaveAttribute('data-face', 'busy');
  await expect.poll(() => network.seen(BUY).length).toBeGreaterThan(1);
  heal();
  await expect(shopper.button).toHaveText('Purchased');
  const seen = network.seen(BUY);
  expect(new Set(seen.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
  for (const [before, after] of seen.slice(1).map((after, index) => [seen[index], after] as const)) {
    expect(after.atMs - (before?.atMs ?? 0), 'the wait that the shop asked for').toBeGreaterThanOrEqual(1000);
  }
});

test('a slow answer is waited for, and sold units are seen meanwhile', async ({
  network,
  keeper,
  shopper,
}) => {
  const sku = await keeper.sale();
  await shopper.waitForEver();
  await shopper.visit(network, sku);
  await shopper.callThemselves('Ada');
  const heal = network.hold(BUY);
  await shopper.button.click();
  await expect(shopper.stock).toHaveText('99 of 100 left');
  await expect(shopper.button).toHaveAttribute('data-face', 'deciding');
  heal();
  await expect(shopper.button).toHaveText('Purchased');
  expect(network.seen(BUY)).toHaveLength(1);
});

test('an answer that is lost on the way is found out, and bought once', async ({
  network,
  keeper,
  shopper,
}) => {
  const sku = await keeper.sale({ limitPerBuyer: 2 });
  await shopper.visit(network, sku);
  await shopper.callThemselves('Ada');
  network.loseAnswer(BUY);
  await shopper.button.click();
  await expect(shopper.purchaseNo).toHaveText(/^PUR-/);
  await expect.poll(() => network.seen(BUY).length, { message: 'the repeat' }).toBe(2);
  const keys = network.seen(BUY).map(({ headers }) => headers['idempotency-key']);
  expect(new Set(keys).size).toBe(1);
  await expect(shopper.stock).toHaveText('99 of 100 left');
});

test('a shop without its Redis says that it is busy, and sells once it is back', {
  tag: '@redis',
}, async ({ startServer, shopper }) => {
  const server = await startServer({ ownRedis: true });
  const sku = await new Keeper(server).sale();
  await shopper.visit(server, sku);
  await shopper.callThemselves('Ada');
  await expect(shopper.button).toHaveText('Buy now');
  await server.pauseRedis();
  await shopper.button.click();
  await expect(shopper.button).toHaveAttribute('data-face', 'busy');
  await server.resumeRedis();
  await expect(shopper.button).toHaveText('Purchased', { timeout: 30_000 });
  await expect(shopper.stock).toHaveText('99 of 100 left');
});

test('the start of a sale makes no page ask for anything', async ({ network, keeper, shopper }) => {
  const sku = await keeper.sale({ startsInMs: 3_600_000, endsInMs: 7_200_000 });
  await shopper.page.clock.install();
  await shopper.visit(network, sku);
  await expect(shopper.button).toHaveAttribute('data-face', 'upcoming');
  const asked = () => network.seen(/ \/api\//).length;
  await expect.poll(asked).toBe(1);
  await keeper.change(sku, { startTime: new Date(Date.now() + 1500).toISOString() });
  await expect(shopper.button).toHaveText('Buy now');
  await keeper.buyAs('the-quickest', sku);
  await expect(shopper.stock).toHaveText('99 of 100 left');
  // What the page would ask after a wait is asked now, and arrives before the next word of the stream.
  await shopper.page.clock.runFor(10_000);
  await keeper.buyAs('the-second', sku);
  await expect(shopper.stock).toHaveText('98 of 100 left');
  expect(asked()).toBe(1);
});

test('without a network the button waits, and comes back with it', { tag: '@embedded' }, async ({
  network,
  keeper,
  shopper,
}) => {
  const { page } = shopper;
  await shopper.visit(network, await keeper.sale());
  await shopper.callThemselves('Ada');
  await expect(shopper.button).toHaveText('Buy now');
  await page.context().setOffline(true);
  await expect(shopper.button).toHaveText('You are offline');
  await expect(shopper.banner).toHaveText(/^You are offline/);
  await inspect(page, 'offline');
  await page.context().setOffline(false);
  await expect(shopper.button).toHaveText('Buy now');
  await expect(shopper.banner).toBeEmpty();
  await shopper.button.click();
  await expect(shopper.button).toHaveText('Purchased');
});
