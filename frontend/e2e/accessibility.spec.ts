import { expectAxeClean } from './axe.js';
import { expect, test } from './fixtures.js';

for (const colorScheme of ['light', 'dark'] as const) {
  test(`every state of the page is axe clean in ${colorScheme}`, async ({
    server,
    keeper,
    shopper,
  }, info) => {
    const { page } = shopper;
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const shot = async (name: string) => {
      await expectAxeClean(page, name);
      const path = info.outputPath(`${name}-${colorScheme}.png`);
      await page.screenshot({ path, animations: 'disabled' });
    };
    await shopper.visit(server, await keeper.sale({ startsInMs: 252_000 }));
    await shot('upcoming');
    const sku = await keeper.sale({ initialStock: 12 });
    await shopper.visit(server, sku);
    await shot('live');
    await shopper.button.click();
    await shot('nameless');
    await keeper.pause(sku);
    await expect(shopper.button).toHaveText('Paused');
    await shot('paused');
    await keeper.resume(sku);
    await shopper.callThemselves('Ada Lovelace');
    await shopper.button.click();
    await expect(shopper.button).toHaveText('Purchased');
    await shot('bought');
    await keeper.end(sku);
    await shopper.callThemselves('Somebody Else');
    await expect(shopper.button).toHaveText('Sale ended');
    await shot('ended');
    await page.goto(`${server.url}/nowhere`);
    await shot('not-found');
  });
}

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
