import { expect, PRICED, type Shopper, test } from './fixtures.js';

const BUY = 'POST /api/v1/purchases';
/** Longer than a test looks. */
const WAIT_S = 600;

/** Where the button stands: on a phone on the screen, on a wide one on the page. */
function placeOf({ button, page }: Shopper): Promise<object> {
  const isPhone = (page.viewportSize()?.width ?? 0) < 768;
  return button.evaluate((element, onScreen) => {
    const { x, y, width, height } = element.getBoundingClientRect();
    return { x, y: Math.round(onScreen ? y : y + scrollY), width, height };
  }, isPhone);
}

test('the buy button keeps its place and its size in every state', { tag: '@embedded' }, async ({
  network,
  keeper,
  shopper,
}) => {
  const sku = await keeper.sale({ ...PRICED, limitPerBuyer: 2, startsInMs: 3_600_000, endsInMs: 7_200_000 });
  await shopper.waitForEver();
  await shopper.visit(network, sku);
  const shows = (face: string) => expect(shopper.button).toHaveAttribute('data-face', face);
  await shows('upcoming');
  await shopper.page.evaluate(() => document.fonts.ready);
  const place = await placeOf(shopper);
  const staysAs = async (face: string) => {
    await shows(face);
    expect(await placeOf(shopper), face).toEqual(place);
  };

  await keeper.change(sku, { startTime: new Date(Date.now() - 1000).toISOString() });
  await staysAs('live');
  await shopper.button.click();
  await expect(shopper.page.getByText('Enter your name first.')).toBeVisible();
  await staysAs('live');
  await shopper.callThemselves('Ada Lovelace');
  const release = network.hold(BUY);
  await shopper.button.click();
  await staysAs('deciding');
  release();
  await expect(shopper.purchaseNo).toBeVisible();
  await staysAs('live');
  await keeper.pause(sku);
  await staysAs('paused');
  await keeper.resume(sku);
  await staysAs('live');
  const admit = network.refuse(BUY, { status: 429, retryAfterS: WAIT_S });
  await shopper.button.click();
  await staysAs('tooFast');
  admit();
  await shopper.page.reload();
  await staysAs('live');
  network.refuse(BUY, { retryAfterS: WAIT_S });
  await shopper.button.click();
  await staysAs('busy');
  await keeper.end(sku);
  await shopper.page.reload();
  await staysAs('ended');
});

test('the buy button keeps its place when the last unit goes, and when it is bought', {
  tag: '@embedded',
}, async ({ server, keeper, shopper }) => {
  const [mine, theirs] = [await keeper.sale(PRICED), await keeper.sale({ ...PRICED, initialStock: 1 })];
  await shopper.visit(server, mine);
  await shopper.callThemselves('Ada Lovelace');
  await shopper.page.evaluate(() => document.fonts.ready);
  const place = await placeOf(shopper);
  await shopper.button.click();
  await expect(shopper.button).toHaveAttribute('data-face', 'bought');
  expect(await placeOf(shopper)).toEqual(place);
  await shopper.visit(server, theirs);
  await expect(shopper.button).toHaveAttribute('data-face', 'live');
  const other = await placeOf(shopper);
  await keeper.buyAs('somebody-else', theirs);
  await expect(shopper.button).toHaveAttribute('data-face', 'soldOut');
  expect(await placeOf(shopper)).toEqual(other);
});
