import { expect, PRICED, type Shopper, test } from './fixtures.js';

const BUY = 'POST /api/v1/purchases';
/** Longer than a test looks. */
const WAIT_S = 600;
/** Narrower than this, the button stays on the screen; else it has its place on the page. */
const WIDE_PX = 768;

/** Where the button stands, once letters have their shapes and nothing moves. */
async function placeOf({ button, page }: Shopper): Promise<object> {
  const onScreen = (page.viewportSize()?.width ?? 0) < WIDE_PX;
  // Who scrolls to the end of the page moves what stands there.
  await page.evaluate(() => scrollTo(0, 0));
  return button.evaluate(async (element, stays) => {
    await document.fonts.ready;
    const { x, y, width, height } = element.getBoundingClientRect();
    return [x, stays ? y : y + scrollY, width, height].map(Math.round);
  }, onScreen);
}

async function shows({ button }: Shopper, face: string): Promise<void> {
  await expect(button).toHaveAttribute('data-face', face);
}

const SCREENS = [
  { language: 'en', viewport: null },
  { language: 'de', viewport: { width: 360, height: 640 } },
  { language: 'de', viewport: { width: 768, height: 1024 } },
] as const;

for (const { language, viewport } of SCREENS) {
  // Screens of a size of their own are the same in every project.
  const tag = viewport ? '@once' : '@embedded';
  const where = `in ${language}, ${viewport ? `${viewport.width} px wide` : 'as wide as the project'}`;

  test.describe(where, { tag }, () => {
    test.beforeEach(async ({ page }) => {
      if (viewport) await page.setViewportSize(viewport);
      await page.emulateMedia({ reducedMotion: 'reduce' });
      await page.addInitScript((chosen) => localStorage.setItem('stampede:language', chosen), language);
    });

    test('the buy button keeps its place and its size in every state', async ({
      network,
      keeper,
      shopper,
    }) => {
      const sku = await keeper.sale({
        ...PRICED,
        limitPerBuyer: 2,
        startsInMs: 3_600_000,
        endsInMs: 7_200_000,
      });
      await shopper.waitForEver();
      await shopper.visit(network, sku);
      await shows(shopper, 'upcoming');
      const place = await placeOf(shopper);
      const staysAs = async (face: string) => {
        await shows(shopper, face);
        expect(await placeOf(shopper), face).toEqual(place);
      };
      await keeper.pause(sku);
      await staysAs('upcoming');
      await keeper.resume(sku);
      await keeper.change(sku, { startTime: new Date(Date.now() - 1000).toISOString() });
      await staysAs('live');
      await shopper.button.click();
      await expect(shopper.name).toHaveAttribute('aria-invalid', 'true');
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
      const heal = network.refuse(BUY, { retryAfterS: WAIT_S });
      await shopper.button.click();
      await staysAs('busy');
      await keeper.end(sku);
      heal();
      await shopper.page.reload();
      await staysAs('ended');
    });

    test('the buy button keeps its place when an order is looked for and found', async ({
      network,
      keeper,
      shopper,
    }) => {
      await shopper.waitForEver();
      await shopper.visit(network, await keeper.sale(PRICED));
      await shopper.callThemselves('Ada Lovelace');
      await shows(shopper, 'live');
      const place = await placeOf(shopper);
      const find = network.hold('GET /api/v1/purchases');
      network.loseAnswer(BUY);
      await shopper.button.click();
      await shows(shopper, 'checking');
      expect(await placeOf(shopper)).toEqual(place);
      find();
      await shows(shopper, 'bought');
      expect(await placeOf(shopper)).toEqual(place);
      await shopper.page.context().setOffline(true);
      await expect(shopper.banner).not.toBeEmpty();
      expect(await placeOf(shopper)).toEqual(place);
    });

    test('the buy button keeps its place when units get few, and when the last one goes', async ({
      network,
      keeper,
      shopper,
    }) => {
      const sku = await keeper.sale({ ...PRICED, initialStock: 20, limitPerBuyer: 20 });
      await shopper.visit(network, sku);
      await shows(shopper, 'live');
      const place = await placeOf(shopper);
      await keeper.buyAs('Somebody', sku, 19);
      await expect(shopper.stock).toHaveText(/\b1\b.*\b20\b/);
      expect(await placeOf(shopper)).toEqual(place);
      await keeper.buyAs('Somebody else', sku);
      await shows(shopper, 'soldOut');
      expect(await placeOf(shopper)).toEqual(place);
    });
  });
}
