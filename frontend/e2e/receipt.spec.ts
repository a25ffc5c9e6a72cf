import { expect, PRICED, Shopper, test } from './fixtures.js';

const PRICE = '€149.00';

test('a receipt tells number, item, price and time, and can be copied', { tag: '@embedded' }, async ({
  server,
  keeper,
  shopper,
}) => {
  const { page } = shopper;
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await shopper.visit(server, await keeper.sale({ ...PRICED, productName: 'Priced', limitPerBuyer: 2 }));
  await shopper.callThemselves('Ada');
  await expect(shopper.button).toHaveText(`Buy now · ${PRICE}`);
  await shopper.button.click();
  const slip = page.getByRole('region', { name: 'It is yours' });
  await expect(slip).toContainText('Priced');
  await expect(slip.getByTestId('receipt-price')).toHaveText(PRICE);
  await expect(shopper.button).toHaveText(`Buy another · ${PRICE}`);
  const bought = await shopper.purchaseNo.textContent();
  await slip.getByRole('button', { name: 'Copy purchase number' }).click();
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe(bought);
});

test('a receipt survives a reload, with its price', async ({ server, keeper, shopper }) => {
  await shopper.visit(server, await keeper.sale(PRICED));
  await shopper.callThemselves('Ada');
  await shopper.button.click();
  const bought = await shopper.purchaseNo.textContent();
  await shopper.page.reload();
  await expect(shopper.purchaseNo).toHaveText(bought ?? '');
  await expect(shopper.page.getByTestId('receipt-price')).toHaveText(PRICE);
  await expect(shopper.page.getByLabel('Your name')).toHaveValue('Ada');
  await expect(shopper.button).toHaveText('Purchased');
});

test('a second tab shows the receipt that the first one brought about', async ({
  server,
  keeper,
  shopper,
}) => {
  const sku = await keeper.sale();
  await shopper.visit(server, sku);
  await shopper.callThemselves('Ada');
  const second = new Shopper(await shopper.page.context().newPage());
  await second.visit(server, sku);
  await expect(second.button).toHaveText('Buy now');
  await shopper.button.click();
  const bought = await shopper.purchaseNo.textContent();
  await expect(second.purchaseNo).toHaveText(bought ?? '');
  await expect(second.button).toHaveText('Purchased');
});

test('what is printed is the receipt and nothing else of the sale', { tag: '@embedded' }, async ({
  server,
  keeper,
  shopper,
}) => {
  const { page } = shopper;
  await shopper.visit(server, await keeper.sale());
  await shopper.callThemselves('Ada');
  await shopper.button.click();
  await expect(shopper.purchaseNo).toBeVisible();
  await page.emulateMedia({ media: 'print' });
  await expect(shopper.purchaseNo).toBeVisible();
  await expect(shopper.button).toBeHidden();
  await expect(shopper.stock).toBeHidden();
  await expect(page.getByRole('contentinfo')).toBeHidden();
});
