import { inspect } from './axe.js';
import { expect, Keeper, PRICED, type Shopper, tabTo, test } from './fixtures.js';
import type { Server } from './server.js';

const BUY = 'POST /api/v1/purchases';
/** Longer than any look. */
const WAIT_S = 600;

interface Scene {
  server: Server;
  keeper: Keeper;
  shopper: Shopper;
}

const FACES: Record<string, (scene: Scene) => Promise<void>> = {
  upcoming: async ({ server, keeper, shopper }) => {
    await shopper.visit(server, await keeper.sale({ ...PRICED, startsInMs: 252_000 }));
  },
  live: async ({ server, keeper, shopper }) => {
    await shopper.visit(server, await keeper.sale({ ...PRICED, picture: '/pictures/aurora-lamp.svg' }));
  },
  nameless: async ({ server, keeper, shopper }) => {
    await shopper.visit(server, await keeper.sale(PRICED));
    await shopper.button.click();
    await expect(shopper.page.getByText('Enter your name first.')).toBeVisible();
  },
  paused: async ({ server, keeper, shopper }) => {
    const sku = await keeper.sale(PRICED);
    await keeper.pause(sku);
    await shopper.visit(server, sku);
    await expect(shopper.button).toHaveText('Paused');
  },
  bought: async ({ server, keeper, shopper }) => {
    await shopper.visit(server, await keeper.sale({ ...PRICED, picture: '/pictures/aurora-lamp.svg' }));
    await shopper.callThemselves('Ada Lovelace');
    await shopper.button.click();
    await expect(shopper.button).toHaveText('Purchased');
  },
  'sold-out': async ({ server, keeper, shopper }) => {
    const sku = await keeper.sale({ ...PRICED, initialStock: 1 });
    await keeper.buyAs('Somebody else', sku);
    await shopper.visit(server, sku);
    await expect(shopper.button).toHaveText('Sold out');
  },
  ended: async ({ server, keeper, shopper }) => {
    const sku = await keeper.sale(PRICED);
    await keeper.end(sku);
    await shopper.visit(server, sku);
    await expect(shopper.button).toHaveText('Sale ended');
  },
  'no-such-sale': async ({ server, shopper }) => {
    await shopper.page.goto(`${server.url}/sales/NO-SUCH-SALE`);
    await expect(shopper.page.getByRole('heading', { name: 'No such sale' })).toBeVisible();
  },
  'not-found': async ({ server, shopper }) => {
    await shopper.page.goto(`${server.url}/nowhere`);
    await expect(shopper.page.getByRole('heading', { name: 'Page not found' })).toBeVisible();
  },
};

/** Inspects a page whose button shows `face`, and holds that it did so until the last look. */
async function inspectFace(shopper: Shopper, face: string): Promise<void> {
  await expect(shopper.button).toHaveAttribute('data-face', face);
  await inspect(shopper.page, face);
  await expect(shopper.button).toHaveAttribute('data-face', face);
}

// What the page shows is the same on each engine: the states are looked at on one.
for (const [name, reach] of Object.entries(FACES)) {
  test(`the page is fit for every reader: ${name}`, { tag: '@embedded' }, async ({
    server,
    keeper,
    shopper,
  }) => {
    await reach({ server, keeper, shopper });
    await inspect(shopper.page, name);
  });
}

test('every state of an attempt is fit for every reader', { tag: '@embedded' }, async ({
  network,
  keeper,
  shopper,
}) => {
  const { page } = shopper;
  const sku = await keeper.sale({ ...PRICED, limitPerBuyer: 2 });
  await shopper.waitForEver();
  await shopper.visit(network, sku);
  await shopper.callThemselves('Ada Lovelace');
  const release = network.hold(BUY);
  await shopper.button.click();
  await inspectFace(shopper, 'deciding');
  release();
  await expect(shopper.button).toHaveText('Buy another · €149.00');
  await inspect(page, 'bought-one-of-two');
  network.refuse(BUY, { retryAfterS: WAIT_S });
  await shopper.button.click();
  await inspectFace(shopper, 'busy');
});

test('an order that was refused as too fast, and one that is being checked, are fit for every reader', {
  tag: '@embedded',
}, async ({ network, keeper, shopper }) => {
  const { page } = shopper;
  const sku = await keeper.sale(PRICED);
  await shopper.waitForEver();
  await shopper.visit(network, sku);
  await shopper.callThemselves('Ada Lovelace');
  const heal = network.refuse(BUY, { status: 429, retryAfterS: WAIT_S });
  await shopper.button.click();
  await inspectFace(shopper, 'tooFast');
  heal();
  await page.reload();
  await expect(shopper.button).toHaveText('Buy now · €149.00');
  network.loseAnswer(BUY);
  // What the page asks next to find out is held, so that it goes on checking for as long as we look.
  const answer = network.hold('GET /api/v1/purchases');
  await shopper.button.click();
  await inspectFace(shopper, 'checking');
  answer();
  await expect(shopper.button).toHaveText('Purchased');
});

test('an order that the page gave up checking is fit for every reader', { tag: '@embedded' }, async ({
  network,
  keeper,
  shopper,
}) => {
  const { page } = shopper;
  await page.clock.install();
  await shopper.visit(network, await keeper.sale(PRICED));
  await shopper.callThemselves('Ada Lovelace');
  const restore = network.refuse(/ \/api\/v1\/purchases/, { status: 500 });
  await shopper.button.click();
  const face = async () => {
    await page.clock.runFor(8000);
    return shopper.button.getAttribute('data-face');
  };
  await expect.poll(face, { message: 'the page gives up', timeout: 60_000 }).toBe('stalled');
  await inspectFace(shopper, 'stalled');
  restore();
  await shopper.button.click();
  await expect(shopper.button).toHaveText('Purchased');
});

test('an order that the shop cannot read is fit for every reader', { tag: '@embedded' }, async ({
  server,
  keeper,
  shopper,
}) => {
  const { page } = shopper;
  await page.route('**/api/v1/purchases', (route) =>
    route.continue({ postData: JSON.stringify({ sku: 'no spaces, please' }) }),
  );
  await shopper.visit(server, await keeper.sale(PRICED));
  await shopper.callThemselves('Ada Lovelace');
  await shopper.button.click();
  await expect(page.getByText(/sku: /)).toBeVisible();
  await inspect(page, 'refused');
});

test('a sale that should have started, and nobody says so, is fit for every reader', {
  tag: '@embedded',
}, async ({ network, keeper, shopper }) => {
  const { page } = shopper;
  await page.clock.install();
  await shopper.visit(network, await keeper.sale({ ...PRICED, startsInMs: 3_600_000, endsInMs: 7_200_000 }));
  await expect(shopper.button).toHaveAttribute('data-face', 'upcoming');
  network.freezeStreams();
  network.refuse(/GET \/api\/v1\/sales/);
  await page.clock.fastForward(3_601_000);
  await expect(shopper.button).toHaveAttribute('data-face', 'starting');
  await inspectFace(shopper, 'starting');
});

test('a page without its stream is fit for every reader', { tag: '@embedded' }, async ({
  network,
  keeper,
  shopper,
}) => {
  network.refuse(/GET \/api\/v1\/sales\/events/);
  await shopper.visit(network, await keeper.sale(PRICED));
  await expect(shopper.banner).toHaveText(/^Live updates are off/);
  await inspect(shopper.page, 'polling');
  await expect(shopper.banner).toHaveText(/^Live updates are off/);
});

test('a shop that cannot be reached is fit for every reader', { tag: '@embedded' }, async ({
  network,
  page,
}) => {
  network.refuse(/GET \/api\/v1\/sales/);
  for (const [path, name] of [
    ['/', 'unreachable-front'],
    ['/sales/ANY-SKU', 'unreachable'],
  ] as const) {
    await page.goto(`${network.url}${path}`);
    const heading = page.getByRole('heading', { name: 'The shop cannot be reached' });
    await expect(heading).toBeVisible();
    await inspect(page, name);
    await expect(heading).toBeVisible();
  }
});

test('a page whose script does not arrive is fit for every reader', { tag: '@embedded' }, async ({
  server,
  page,
}) => {
  await page.route('**/assets/admin-page-*.js', (route) => route.abort());
  await page.goto(`${server.url}/admin`);
  await expect(page.getByRole('heading', { name: 'This page could not be loaded' })).toBeVisible();
  await inspect(page, 'failed');
});

test('a purchase from before is fit for every reader', { tag: '@embedded' }, async ({
  network,
  keeper,
  shopper,
}) => {
  const sku = await keeper.sale(PRICED);
  const restore = network.refuse('GET /api/v1/purchases');
  await keeper.buyAs('Ada', sku);
  await shopper.visit(network, sku);
  await shopper.callThemselves('Ada');
  await shopper.button.click();
  await expect(shopper.button).toHaveText('Already yours');
  await inspect(shopper.page, 'already-yours');
  restore();
});

test('the pages run under their content security policy without a complaint', { tag: '@embedded' }, async ({
  startServer,
  shopper,
}) => {
  const server = await startServer();
  const keeper = new Keeper(server);
  const complaints: string[] = [];
  shopper.page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  shopper.page.on('pageerror', (error) => complaints.push(error.message));
  const sku = await keeper.sale({ ...PRICED, picture: '/pictures/aurora-lamp.svg' });
  await shopper.page.goto(server.url);
  await expect(shopper.page.getByTestId(`tile-${sku}`)).toBeVisible();
  await shopper.visit(server, sku);
  await expect(shopper.stock).toHaveText('100 of 100 left');
  expect(complaints).toEqual([]);
});

test('the whole purchase works with the keyboard alone', { tag: '@embedded' }, async ({
  startServer,
  shopper,
}) => {
  const { page } = shopper;
  const server = await startServer();
  const keeper = new Keeper(server);
  const sku = await keeper.sale({ productName: 'By keyboard' });
  await page.goto(server.url);
  const link = page.getByRole('link', { name: 'By keyboard' });
  await expect(link).toBeVisible();
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to content' })).toBeFocused();
  await page.keyboard.press('Enter');
  await tabTo(link);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(`${server.url}/sales/${sku}`);
  const name = page.getByLabel('Your name');
  await tabTo(name);
  await page.keyboard.type('Keyboard Only');
  await tabTo(shopper.button);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'It is yours' })).toBeFocused();
  await page.keyboard.press('Tab');
  await expect(page.getByRole('button', { name: 'Copy purchase number' })).toBeFocused();
  await tabTo(page.getByRole('button', { name: 'Print receipt' }));
  await tabTo(page.getByRole('button', { name: 'Deutsch' }));
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Es gehört Ihnen' })).toBeVisible();
  await tabTo(page.getByRole('button', { name: /^Nicht Sie/ }));
  await page.keyboard.press('Enter');
  await expect(page.getByLabel('Ihr Name')).toBeFocused();
  await expect(shopper.purchaseNo).toHaveCount(0);
});
