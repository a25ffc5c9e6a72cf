import { inspect } from './axe.js';
import { expect, test } from './fixtures.js';

test('every state of the page is axe clean in light and dark', async ({ server, keeper, shopper }) => {
  const { page } = shopper;
  await shopper.visit(server, await keeper.sale({ startsInMs: 252_000 }));
  await inspect(page, 'upcoming');
  const sku = await keeper.sale({ initialStock: 2 });
  await shopper.visit(server, sku);
  await inspect(page, 'live');
  await shopper.button.click();
  await inspect(page, 'nameless');
  await keeper.pause(sku);
  await expect(shopper.button).toHaveText('Paused');
  await inspect(page, 'paused');
  await keeper.resume(sku);
  await shopper.callThemselves('Ada Lovelace');
  await expect(shopper.button).toHaveText('Buy now');
  await shopper.button.click();
  await expect(shopper.button).toHaveText('Purchased');
  await inspect(page, 'bought');
  await keeper.buyAs('Somebody else', sku);
  await shopper.callThemselves('Too Late');
  await expect(shopper.button).toHaveText('Sold out');
  await inspect(page, 'sold-out');
  const ended = await keeper.sale();
  await keeper.end(ended);
  await shopper.visit(server, ended);
  await expect(shopper.button).toHaveText('Sale ended');
  await inspect(page, 'ended');
  await page.goto(`${server.url}/nowhere`);
  await inspect(page, 'not-found');
});

test('the page runs under its content security policy without a complaint', async ({
  server,
  keeper,
  shopper,
}) => {
  const complaints: string[] = [];
  shopper.page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  shopper.page.on('pageerror', (error) => complaints.push(error.message));
  await shopper.visit(server, await keeper.sale());
  await expect(shopper.stock).toHaveText('100 of 100 left');
  expect(complaints).toEqual([]);
});

test('the whole purchase works with the keyboard alone', async ({ server, keeper, shopper }) => {
  const { page } = shopper;
  await shopper.visit(server, await keeper.sale());
  await page.getByLabel('Your name').focus();
  await page.keyboard.type('Keyboard Only');
  await page.keyboard.press('Tab');
  await expect(shopper.button).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'It is yours' })).toBeFocused();
});
