import { AdminDesk, freshSku, LATER, localEntry } from './admin-desk.js';
import { expect, tabTo, test } from './fixtures.js';

test('only the key opens the admin page, in this tab and until signing out', { tag: '@embedded' }, async ({
  server,
  admin,
}) => {
  const { page } = admin;
  await admin.signIn(server, 'not the key');
  await expect(page.getByText('This is not the key.')).toBeVisible();
  await expect(admin.key).toBeFocused();
  await admin.signIn(server, server.adminKey);
  await expect(admin.heading).toBeVisible();
  expect(page.url()).toBe(`${server.url}/admin`);
  await expect(page).toHaveTitle('Products · Stampede');

  await page.reload();
  await expect(admin.heading).toBeVisible();
  const other = await page.context().newPage();
  await other.goto(`${server.url}/admin`);
  await expect(new AdminDesk(other).key).toBeVisible();
  await other.close();

  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(admin.key).toBeVisible();
  await page.reload();
  await expect(admin.key).toHaveValue('');
});

test('a key that the server does not take any more leads back to signing in', { tag: '@embedded' }, async ({
  server,
  admin,
}) => {
  const { page } = admin;
  await admin.open(server);
  await page.evaluate(() => {
    for (const name of Object.keys(sessionStorage)) sessionStorage.setItem(name, 'another key');
  });
  await page.reload();
  await expect(page.getByText('The server no longer takes your key.')).toBeVisible();
  await expect(admin.key).toBeVisible();
});

test('a product is made, changed, paused, resumed, ended and deleted', async ({ server, admin, keeper }) => {
  const sku = freshSku();
  await admin.open(server);
  await admin.create();
  await admin.field('SKU').fill(sku);
  await admin.field('Name').fill('Aurora desk lamp');
  await admin.field('Picture').fill('/pictures/aurora-lamp.svg');
  await admin.field('Price of one unit').fill('149,50');
  await admin.field('Currency').fill('eur');
  await expect(admin.dialog.getByText('Shoppers see €149.50.')).toBeVisible();
  await admin.field('Stock').fill('5');
  await admin.field('Starts').fill(localEntry(Date.now() + 3_600_000));
  await admin.press('Create');
  await expect(admin.status).toHaveText('Aurora desk lamp is created.');
  const product = admin.product(sku);
  await expect(product).toContainText('Upcoming');
  await expect(product).toContainText('€149.50');

  await admin.act('Edit', sku);
  await admin.field('Name').fill('Aurora desk lamp, first edition');
  await admin.field('Price of one unit').fill('');
  await admin.field('Starts').fill(localEntry(Date.now() - 60_000));
  await admin.press('Save');
  await expect(admin.status).toHaveText('Aurora desk lamp, first edition is saved.');
  await expect(product).toContainText('No price');
  await expect(product).toContainText('Live');
  await expect(product.getByRole('button', { name: /^Details: / })).toBeFocused();

  await admin.act('Pause', sku);
  await admin.press('Pause the sale');
  await expect(product).toContainText('Paused');
  expect((await keeper.attemptAs('Ada', sku)).status).toBe(200);
  await expect(product).toContainText('5 of 5');
  await admin.act('Resume', sku);
  await admin.press('Resume the sale');
  await expect(product).toContainText('Live');
  await keeper.buyAs('Ada', sku);
  await expect(product).toContainText('4 of 5');

  await admin.act('End', sku);
  await expect(admin.dialog).toContainText('an ended sale never starts again');
  await expect(admin.dialog.getByRole('button', { name: 'Cancel' })).toBeFocused();
  await admin.press('End the sale for good');
  await expect(product).toContainText('Stopped');

  await admin.act('Delete', sku);
  await expect(admin.dialog).toContainText('they move to the archive');
  await admin.field(`Type ${sku} to confirm`).fill('another');
  await admin.press('Delete the product');
  await expect(admin.dialog).toContainText(`This is not ${sku}.`);
  await admin.field(`Type ${sku} to confirm`).fill(sku);
  await admin.press('Delete the product');
  await expect(admin.status).toHaveText('Aurora desk lamp, first edition is deleted.');
  await expect(product).toHaveCount(0);
});

test('what the server refuses stands at its fields, and nothing typed is lost', async ({
  server,
  admin,
  keeper,
}) => {
  const taken = await keeper.sale(LATER);
  await admin.open(server);
  await admin.create();
  await admin.field('SKU').fill('no spaces, please');
  await admin.field('Name').fill('Terra mug');
  await admin.field('Picture').fill('https://elsewhere.example/mug.png');
  await admin.field('Stock').fill('0');
  await admin.field('Ends').fill(localEntry(Date.now() - 3_600_000));
  await admin.press('Create');

  await expect(admin.dialog.getByText('4 fields need another look')).toBeVisible();
  await expect(admin.field('SKU')).toBeFocused();
  for (const [label, words] of [
    ['SKU', /Use 1 to 64 letters, digits and hyphens\./],
    ['Picture', /STAMPEDE_IMAGE_ORIGINS/],
    ['Stock', /Use a whole number from 1 to 10,000,000\./],
    ['Ends', /The end must be after the start\./],
  ] as const) {
    await expect(admin.field(label)).toHaveAttribute('aria-invalid', 'true');
    await expect(admin.field(label)).toHaveAccessibleDescription(words);
  }
  await admin.dialog.getByRole('button', { name: 'Stock' }).click();
  await expect(admin.field('Stock')).toBeFocused();

  await admin.field('SKU').fill(taken);
  await admin.field('Picture').fill('');
  await admin.field('Stock').fill('3');
  await admin.field('Ends').fill(localEntry(Date.now() + 7_200_000));
  await admin.press('Create');
  await expect(admin.field('SKU')).toHaveAccessibleDescription(/A product with this SKU exists already\./);

  await admin.page.keyboard.press('Escape');
  await expect(admin.dialog).toHaveCount(0);
  await admin.create();
  await expect(admin.dialog).toContainText('What you typed before is still here.');
  await expect(admin.field('Name')).toHaveValue('Terra mug');
  await admin.press('Start afresh');
  await expect(admin.field('Name')).toHaveValue('');
});

test('a change by somebody else is told, and theirs or mine can be chosen', async ({
  server,
  admin,
  keeper,
}) => {
  const sku = await keeper.sale({ ...LATER, productName: 'Volt 75', initialStock: 100 });
  await admin.open(server);
  await admin.act('Edit', sku);
  await admin.field('Stock').fill('500');
  await keeper.change(sku, { initialStock: 200, productName: 'Volt 75, walnut' });
  await admin.press('Save');
  await expect(admin.dialog).toContainText('Changed by somebody else');
  const stock = admin.dialog.getByRole('listitem').filter({ hasText: 'Stock' });
  await expect(stock).toHaveText(/200.*500/);

  await admin.press('Load theirs');
  await expect(admin.field('Stock')).toHaveValue('200');
  await expect(admin.field('Name')).toHaveValue('Volt 75, walnut');
  await expect(admin.dialog).toContainText('You had typed: 500');
  await admin.press('Use mine: Stock');
  await expect(admin.field('Stock')).toHaveValue('500');

  await keeper.change(sku, { limitPerBuyer: 3 });
  await admin.press('Save');
  await admin.press('Save mine over theirs');
  await expect(admin.status).toHaveText('Volt 75, walnut is saved.');
  await expect(admin.product(sku)).toContainText('of 500');
  await admin.act('Edit', sku);
  await expect(admin.field('Limit per buyer')).toHaveValue('3');
});

test('the fields of a sale that runs or is over are locked, and say why', async ({
  server,
  admin,
  keeper,
}) => {
  const running = await keeper.sale({ initialStock: 1 });
  await admin.open(server);
  await admin.act('Details', running);
  await expect(admin.field('Name')).toHaveAccessibleDescription(/The sale is running\./);
  await expect(admin.field('Name')).not.toBeEditable();
  await expect(admin.dialog.getByRole('button', { name: 'Save' })).toHaveCount(0);
  await keeper.buyAs('Ada', running);
  await expect(admin.field('Name')).toHaveAccessibleDescription(/Everything is sold\./);
});

test('a sale that starts while its form is open takes no change any more', async ({
  server,
  admin,
  keeper,
}) => {
  const sku = await keeper.sale({ ...LATER, productName: 'Orbit watch' });
  await admin.open(server);
  await admin.act('Edit', sku);
  await admin.field('Name').fill('Orbit watch, renamed too late');
  await keeper.change(sku, { startTime: new Date(Date.now() - 1000).toISOString() });
  await expect(admin.field('Name')).toHaveAccessibleDescription(/The sale is running\./);
  await expect(admin.field('Name')).toHaveValue('Orbit watch, renamed too late');
  await expect(admin.dialog.getByRole('button', { name: 'Save' })).toHaveCount(0);
});

test('the list follows what happens elsewhere', async ({ server, admin, keeper }) => {
  const sku = await keeper.sale({ productName: 'Nimbus shoe', initialStock: 3, limitPerBuyer: 3 });
  await admin.open(server);
  const product = admin.product(sku);
  await expect(product).toContainText('3 of 3');
  await keeper.buyAs('Ada', sku);
  await expect(product).toContainText('2 of 3');
  await expect(product).toContainText('all recorded');
  await keeper.pause(sku);
  await expect(product).toContainText('Paused');

  const later = await keeper.sale(LATER);
  await expect(admin.product(later)).toContainText('Upcoming');
  await keeper.change(later, { productName: 'Renamed elsewhere' });
  await expect(admin.product(later)).toContainText('Renamed elsewhere');
  await keeper.delete(later);
  await expect(admin.product(later)).toHaveCount(0);
});

test('a product whose answer was lost on the way is found again', async ({ server, admin }) => {
  const sku = freshSku();
  await admin.open(server);
  await admin.page.route('**/api/v1/products', async (route) => {
    if (route.request().method() !== 'POST') return route.fallback();
    await route.fetch();
    await route.abort('connectionreset');
  });
  await admin.create();
  await admin.field('SKU').fill(sku);
  await admin.field('Name').fill('Festival pass');
  await admin.press('Create');
  await expect(admin.dialog).toContainText('The product may have been created all the same.');
  await admin.press('Look again');
  await expect(admin.status).toHaveText('Festival pass is created.');
  await expect(admin.product(sku)).toBeVisible();
});

test('search narrows the list down to names and skus', { tag: '@embedded' }, async ({
  server,
  admin,
  keeper,
}) => {
  const sku = await keeper.sale({ ...LATER, productName: 'Only this one' });
  const other = await keeper.sale({ ...LATER, productName: 'Not that one' });
  await admin.open(server);
  await expect(admin.product(other)).toBeVisible();
  await admin.page.getByLabel('Search by name or SKU').fill(sku.toLowerCase());
  await expect(admin.product(other)).toHaveCount(0);
  await expect(admin.product(sku)).toBeVisible();
  await admin.page.getByLabel('Search by name or SKU').fill('only THIS');
  await expect(admin.product(sku)).toBeVisible();
});

test('a product is made with the keyboard alone, and the focus comes back', { tag: '@embedded' }, async ({
  server,
  admin,
}) => {
  const { page } = admin;
  const sku = freshSku();
  await page.goto(`${server.url}/admin`);
  await tabTo(admin.key);
  await page.keyboard.type(server.adminKey);
  await page.keyboard.press('Enter');
  const create = page.getByRole('button', { name: 'New product' }).first();
  await tabTo(create);
  await page.keyboard.press('Enter');
  await expect(admin.field('SKU')).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(admin.dialog).toHaveCount(0);
  await expect(create).toBeFocused();
  await page.keyboard.press('Enter');
  await page.keyboard.type(sku);
  await page.keyboard.press('Tab');
  await page.keyboard.type('Keyboard only');
  await page.keyboard.press('Enter');
  await expect(admin.status).toHaveText('Keyboard only is created.');
  await expect(create).toBeFocused();

  await tabTo(admin.product(sku).getByRole('button', { name: /^Delete: / }));
  await page.keyboard.press('Enter');
  await expect(admin.field(`Type ${sku} to confirm`)).toBeFocused();
  await page.keyboard.type(sku);
  await page.keyboard.press('Enter');
  await expect(admin.status).toHaveText('Keyboard only is deleted.');
  await expect(admin.heading).toBeFocused();
  await tabTo(page.getByRole('button', { name: 'Sign out' }));
  await page.keyboard.press('Enter');
  await expect(admin.key).toBeVisible();
});

test('the focus cannot leave an open dialog', { tag: '@embedded' }, async ({ server, admin, keeper }) => {
  const sku = await keeper.sale();
  await admin.open(server);
  await admin.act('Pause', sku);
  for (let tab = 0; tab < 8; tab++) {
    await admin.page.keyboard.press('Tab');
    const outside = await admin.page.evaluate(() => {
      const focused = document.activeElement;
      return focused !== document.body && focused?.closest('dialog') === null;
    });
    expect(outside).toBe(false);
  }
});

test('a sale is changed, held, let go and ended with the keyboard alone', { tag: '@embedded' }, async ({
  server,
  admin,
  keeper,
}) => {
  const { keyboard } = admin.page;
  const sku = await keeper.sale({ ...LATER, productName: 'By keyboard' });
  await admin.open(server);
  const product = admin.product(sku);
  const action = (name: string) => product.getByRole('button', { name: `${name}: By keyboard` });
  const answer = (name: string) => admin.dialog.getByRole('button', { name, exact: true });

  await tabTo(action('Edit'));
  await keyboard.press('Enter');
  await expect(admin.field('Name')).toBeFocused();
  await tabTo(admin.field('Stock'));
  await keyboard.type('500');
  await keeper.change(sku, { initialStock: 200 });
  await keyboard.press('Enter');
  await expect(admin.dialog).toContainText('Changed by somebody else');
  await tabTo(answer('Load theirs'));
  await keyboard.press('Enter');
  await expect(admin.field('Stock')).toHaveValue('200');
  await tabTo(answer('Use mine: Stock'));
  await keyboard.press('Enter');
  await expect(admin.field('Stock')).toHaveValue('500');
  await tabTo(answer('Save'));
  await keyboard.press('Enter');
  await expect(admin.status).toHaveText('By keyboard is saved.');
  await expect(action('Edit')).toBeFocused();

  await tabTo(action('Pause'));
  await keyboard.press('Enter');
  await expect(answer('Pause the sale')).toBeFocused();
  await keyboard.press('Enter');
  await expect(product).toContainText('Held');
  await expect(action('Resume')).toBeFocused();
  await keyboard.press('Enter');
  await expect(answer('Resume the sale')).toBeFocused();
  await keyboard.press('Enter');
  await expect(product).toContainText('Upcoming');

  await tabTo(action('End'));
  await keyboard.press('Enter');
  await expect(answer('Cancel')).toBeFocused();
  await tabTo(answer('End the sale for good'));
  await keyboard.press('Enter');
  await expect(product).toContainText('Stopped');
  await expect(admin.heading).toBeFocused();
});
