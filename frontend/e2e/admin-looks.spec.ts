import { freshSku, LATER } from './admin-desk.js';
import { inspect } from './axe.js';
import { test as base, expect, Keeper, PRICED } from './fixtures.js';
import { Network } from './network.js';
import type { Server } from './server.js';

/** Over a server without the products of other tests, so that what is looked at is short. */
const test = base.extend<{ own: Server }>({
  own: async ({ startServer }, use) => use(await startServer()),
  keeper: async ({ own }, use) => use(new Keeper(own)),
  network: async ({ own }, use) => {
    const network = await Network.before(own);
    await use(network);
    await network.close();
  },
});

// What the page shows is the same on each engine: it is looked at on one.
const LOOKS = { tag: '@embedded' };

test('signing in and the list hold to what every page must be', LOOKS, async ({ own, admin, keeper }) => {
  const { page } = admin;
  await admin.signIn(own, 'not the key');
  await expect(page.getByText('This is not the key.')).toBeVisible();
  await inspect(page, 'admin-sign-in-refused');

  const paused = await keeper.sale({ ...PRICED, picture: '/pictures/aurora-lamp.svg' });
  await keeper.pause(paused);
  await keeper.sale({ ...LATER, productName: 'Nimbus running shoe, midnight blue' });
  const ended = await keeper.sale({ productName: 'Terra mug, hand-glazed' });
  await keeper.end(ended);
  await admin.open(own);
  await expect(admin.product(ended)).toBeVisible();
  await inspect(page, 'admin-list');
});

test('a shelf without products holds to what every page must be', LOOKS, async ({ own, admin }) => {
  await admin.signIn(own, own.adminKey);
  await expect(admin.page.getByRole('heading', { name: 'No products yet' })).toBeVisible();
  await inspect(admin.page, 'admin-empty');
});

test('the form of a new product holds to what every page must be', LOOKS, async ({ own, admin }) => {
  await admin.open(own);
  await admin.create();
  await admin.press('Create');
  await expect(admin.field('SKU')).toBeFocused();
  await inspect(admin.page, 'admin-create-refused');
});

test('the form of a product holds to what every page must be', LOOKS, async ({ own, admin, keeper }) => {
  const { page } = admin;
  const running = await keeper.sale(PRICED);
  const upcoming = await keeper.sale({ ...LATER, ...PRICED });
  await admin.open(own);
  await admin.act('Edit', upcoming);
  await admin.field('Stock').fill('500');
  await keeper.change(upcoming, { initialStock: 200 });
  await admin.press('Save');
  await expect(admin.dialog).toContainText('Changed by somebody else');
  await inspect(page, 'admin-conflict');
  await admin.press('Load theirs');
  await inspect(page, 'admin-theirs-loaded');
  await page.keyboard.press('Escape');
  await admin.act('Details', running);
  await expect(admin.field('Name')).toBeVisible();
  await inspect(page, 'admin-details');
});

test('the questions hold to what every page must be', LOOKS, async ({ own, admin, keeper }) => {
  const { page } = admin;
  const running = await keeper.sale(PRICED);
  const paused = await keeper.sale(PRICED);
  await keeper.pause(paused);
  await admin.open(own);
  for (const [action, sku] of [
    ['Pause', running],
    ['Resume', paused],
    ['End', running],
    ['Delete', running],
  ] as const) {
    await admin.act(action, sku);
    await inspect(page, `admin-${action.toLowerCase()}`);
    await page.keyboard.press('Escape');
    await expect(admin.dialog).toHaveCount(0);
  }
});

test(
  'questions without a clear answer hold to what every page must be',
  LOOKS,
  async ({ own, network, admin, keeper }) => {
    const { page } = admin;
    const sku = await keeper.sale(PRICED);
    await admin.open(own, network);
    await admin.act('Pause', sku);
    const restore = network.refuse(/^POST .*\/pause$/, { status: 429, retryAfterS: 7 });
    await admin.press('Pause the sale');
    await expect(admin.dialog).toContainText('Too many requests. Try again in 7 s.');
    await inspect(page, 'admin-pause-too-fast');
    restore();
    const heal = network.refuse(/^POST .*\/pause$/, { status: 502 });
    await admin.press('Pause the sale');
    await expect(admin.dialog).toContainText('It may be paused all the same.');
    await inspect(page, 'admin-pause-unsure');
    await admin.press('Look again');
    await expect(admin.dialog).toContainText('It is not paused. You can try again.');
    await inspect(page, 'admin-pause-not');
    heal();
    await keeper.end(sku);
    await expect(admin.dialog).toContainText('The sale is over already, so there is nothing to change.');
    await expect(admin.dialog.getByRole('button', { name: 'Pause the sale' })).toHaveCount(0);
    await inspect(page, 'admin-pause-too-late');
  },
);

test(
  'a form without a clear answer holds to what every page must be',
  LOOKS,
  async ({ own, network, admin, keeper }) => {
    const { page } = admin;
    const sku = await keeper.sale({ ...LATER, ...PRICED });
    await admin.open(own, network);
    const restore = network.refuse(/^GET .*\/products\/E2E/);
    await admin.act('Edit', sku);
    await expect(admin.dialog.getByRole('button', { name: 'Try again' })).toBeVisible();
    await inspect(page, 'admin-edit-unreadable');
    restore();
    await admin.press('Try again');
    await admin.field('Stock').fill('500');
    const heal = network.refuse(/^PUT /, { status: 429, retryAfterS: 7 });
    await admin.press('Save');
    await expect(admin.dialog).toContainText('Too many requests. Try again in 7 s.');
    await inspect(page, 'admin-edit-failed');
    heal();
    network.loseAnswer(/^PUT /);
    await admin.press('Save');
    await expect(admin.dialog).toContainText('The change may have been made all the same.');
    await inspect(page, 'admin-edit-unsure');
    await admin.press('Look again');
    await expect(admin.dialog).toHaveCount(0);
    await expect(admin.status).toHaveText(/is saved\.$/);
  },
);

test(
  'a form whose sale began unnoticed holds to what every page must be',
  LOOKS,
  async ({ own, network, admin, keeper }) => {
    const sku = await keeper.sale({ ...LATER, ...PRICED });
    await admin.open(own, network);
    await admin.act('Edit', sku);
    await admin.field('Stock').fill('500');
    network.freezeStreams();
    network.refuse('GET /api/v1/products');
    await keeper.change(sku, { startTime: new Date(Date.now() - 1000).toISOString() });
    await admin.press('Save');
    await expect(admin.dialog).toContainText('The sale began or ended before your change arrived');
    await inspect(admin.page, 'admin-edit-begun');
  },
);

test(
  'a list that cannot be read holds to what every page must be',
  LOOKS,
  async ({ own, network, admin, keeper }) => {
    const { page } = admin;
    const sku = await keeper.sale(PRICED);
    await admin.open(own, network);
    await expect(admin.product(sku)).toBeVisible();
    network.refuse('GET /api/v1/products');
    network.refuse('GET /api/v1/sales/events');
    network.cutStreams();
    await expect(page.getByText('The list could not be read again; it may be old.')).toBeVisible();
    await expect(page.getByTestId('live-sign')).toHaveText(/^Not live, as of/);
    await expect(admin.product(sku)).toBeVisible();
    await inspect(page, 'admin-list-stale');
    await page.reload();
    await expect(page.getByRole('heading', { name: 'The products could not be loaded' })).toBeVisible();
    await inspect(page, 'admin-list-failed');
  },
);

test('the admin page in German holds to what every page must be', LOOKS, async ({ own, admin, keeper }) => {
  const { page } = admin;
  const sku = await keeper.sale({ ...LATER, ...PRICED });
  await admin.open(own);
  await page.getByRole('button', { name: 'Deutsch' }).click();
  await expect(page.getByRole('heading', { name: 'Produkte', exact: true })).toBeVisible();
  await inspect(page, 'admin-list-german');
  await page.getByRole('button', { name: 'Neues Produkt' }).first().click();
  await admin.press('Anlegen');
  await expect(admin.field('Artikelnummer (SKU)')).toBeFocused();
  await inspect(page, 'admin-create-german');
  await page.keyboard.press('Escape');
  await admin.act('Löschen', sku);
  await inspect(page, 'admin-delete-german');
});

test(
  'a list that loads, and one in which nothing is found, hold to what every page must be',
  LOOKS,
  async ({ own, network, admin, keeper }) => {
    const { page } = admin;
    await keeper.sale(PRICED);
    await admin.open(own, network);
    await page.getByLabel('Search by name or SKU').fill('no such thing');
    await expect(page.getByText('No loaded product matches “no such thing”.')).toBeVisible();
    await inspect(page, 'admin-nothing-found');
    network.hold('GET /api/v1/products');
    await page.reload();
    await expect(page.getByText('Loading the products…')).toBeAttached();
    await inspect(page, 'admin-loading');
  },
);

test(
  'a new product without an answer, and the word that it is made, hold to what every page must be',
  LOOKS,
  async ({ own, network, admin }) => {
    const { page } = admin;
    await admin.open(own, network);
    await admin.create();
    await admin.field('SKU').fill(freshSku());
    await admin.field('Name').fill('Festival pass, three days');
    network.loseAnswer('POST /api/v1/products');
    await admin.press('Create');
    await expect(admin.dialog).toContainText('The product may have been created all the same.');
    await inspect(page, 'admin-create-unsure');
    await admin.press('Look again');
    await expect(admin.status).toHaveText('Festival pass, three days is created.');
    await inspect(page, 'admin-created');
  },
);

test('a key that is refused later holds to what every page must be', LOOKS, async ({ own, admin }) => {
  const { page } = admin;
  await admin.open(own);
  await page.evaluate(() => {
    for (const name of Object.keys(sessionStorage)) sessionStorage.setItem(name, 'another key');
  });
  await page.reload();
  await expect(page.getByText('The server no longer takes your key.')).toBeVisible();
  await inspect(page, 'admin-key-expired');
});
