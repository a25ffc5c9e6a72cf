import { inspect } from './axe.js';
import { expect, Keeper, test } from './fixtures.js';
import { Server } from './server.js';

test('a killed server is shown, its return heals the page, and the receipt is kept', async ({ shopper }) => {
  const server = await Server.start();
  try {
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
  } finally {
    await server.stop();
  }
});

test('a purchase pressed while the server is down goes through once it is back', async ({ shopper }) => {
  const server = await Server.start();
  try {
    const sku = await new Keeper(server).sale();
    await shopper.visit(server, sku);
    await shopper.callThemselves('Ada');
    await server.kill();
    await shopper.button.click();
    await expect(shopper.button).toHaveText('Checking your order…');
    await server.restart();
    await expect(shopper.button).toHaveText('Purchased', { timeout: 30_000 });
    await expect(shopper.stock).toHaveText('99 of 100 left', { timeout: 30_000 });
  } finally {
    await server.stop();
  }
});
