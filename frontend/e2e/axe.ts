import { AxeBuilder } from '@axe-core/playwright';
import { expect, type Page, test } from '@playwright/test';
import type { RunOptions } from 'axe-core';

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** What is well is not told, and what only rules about sound and about locked screens read is not fetched: less work. */
const ONLY_FAULTS: RunOptions = { resultTypes: ['violations'], preload: false };

/** The folder of a picture of each state, for whoever wants to look; none is kept unless it is named. */
const PICTURES = process.env.PICTURES;

/** What an inspection may take on a busy machine, on top of the time that its test has. */
const INSPECTION_MS_MAX = 30_000;

/** Longer than this, something moves that a reader has asked to keep still. */
const STILL_MS_MAX = 10;

/**
 * Holds the page, as it stands, to what every page and state must be: axe clean in light, dark and forced colours,
 * still under reduced motion, and at this width and at 200 % zoom without a sideways scroll or a word that is cut.
 *
 * Where PICTURES names a folder, a picture a scheme is kept in `<project>/<name>-<scheme>.png` there; `name` stands in
 * failures too.
 */
export async function inspect(page: Page, name: string): Promise<void> {
  test.setTimeout(test.info().timeout + INSPECTION_MS_MAX);
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await expectStill(page, name);
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await expectAxeClean(page, `${name}, ${colorScheme}`);
    await keepPicture(page, `${name}-${colorScheme}`);
  }
  await page.emulateMedia({ colorScheme: null, forcedColors: 'active' });
  // The reader's own colours are not ours to judge.
  await expectAxeClean(page, `${name}, forced colours`, ['color-contrast']);
  await keepPicture(page, `${name}-forced`);
  await page.emulateMedia({ forcedColors: null, reducedMotion: null });
  await expectItFits(page, name);
}

async function expectAxeClean(page: Page, where: string, without: string[] = []): Promise<void> {
  // Legacy: by one script in the page, which has no frames; half the time that the other way takes.
  const axe = new AxeBuilder({ page }).setLegacyMode(true).options({ ...ONLY_FAULTS });
  const { violations } = await axe.withTags(TAGS).disableRules(without).analyze();
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' | ')}`);
  expect(found, where).toEqual([]);
}

/** What runs is given the time to end: an animation of no length still takes a frame. */
async function expectStill(page: Page, where: string): Promise<void> {
  const moving = () =>
    page.evaluate(
      (longestMs) =>
        document
          .getAnimations()
          .filter(({ playState, effect }) => {
            const endsMs = Number(effect?.getComputedTiming().endTime ?? 0);
            return playState === 'running' && endsMs > longestMs;
          })
          .map(({ effect }) => (effect as KeyframeEffect).target?.outerHTML.slice(0, 200)),
      STILL_MS_MAX,
    );
  await expect.poll(moving, `${where}, what moves under reduced motion`).toEqual([]);
}

/** Zooming by 2 halves the width that the page has. */
async function expectItFits(page: Page, where: string): Promise<void> {
  const whole = page.viewportSize();
  if (!whole) throw new Error('A page without a viewport cannot be zoomed.');
  const half = { width: Math.round(whole.width / 2), height: Math.round(whole.height / 2) };
  for (const [size, zoom] of [
    [whole, '100 %'],
    [half, '200 %'],
  ] as const) {
    await page.setViewportSize(size);
    const tooWide = await page.evaluate(() => {
      const { scrollWidth, clientWidth } = document.documentElement;
      if (scrollWidth <= clientWidth) return [];
      const all = [...document.body.querySelectorAll('*')];
      const over = all.filter((element) => element.getBoundingClientRect().right > clientWidth);
      return [
        `${scrollWidth} px in ${clientWidth} px`,
        ...over.map((element) => element.outerHTML.slice(0, 200)),
      ];
    });
    expect(tooWide, `${where}, sideways scroll at ${zoom}`).toEqual([]);
    expect(await page.evaluate(whatIsCut), `${where}, cut at ${zoom}`).toEqual([]);
    expect(await page.evaluate(whatCovers), `${where}, what covers the page at ${zoom}`).toEqual([]);
  }
  await page.setViewportSize(whole);
}

/** Runs in the page: what is larger than the room in which it is shown, and neither scrolls nor is folded on purpose. */
function whatIsCut(): string[] {
  const hides = (overflow: string) => overflow === 'hidden' || overflow === 'clip';
  const isCut = (element: Element) => {
    const { clientWidth, clientHeight, scrollWidth, scrollHeight } = element;
    const { overflowX, overflowY, webkitLineClamp } = getComputedStyle(element);
    // What only a screen reader reads has a pixel of room.
    if (clientWidth <= 1 || webkitLineClamp !== 'none' || element.matches('input, textarea, select'))
      return false;
    const button = element.matches('button');
    const wide = scrollWidth > clientWidth + 1 && (button || hides(overflowX));
    return wide || (scrollHeight > clientHeight + 1 && (button || hides(overflowY)));
  };
  const cut = [...document.body.querySelectorAll('*')].filter(isCut);
  return cut.map((element) => element.outerHTML.slice(0, 300));
}

/** Runs in the page: what stays on the screen while the rest scrolls, and leaves that less than half of it. */
function whatCovers(): string[] {
  const stays = (element: Element) => {
    const { position, bottom } = getComputedStyle(element);
    // A dialog is what is read, and scrolls by itself.
    if (element.matches('dialog')) return false;
    return position === 'fixed' || (position === 'sticky' && bottom !== 'auto');
  };
  const covering = [...document.body.querySelectorAll('*')].filter(
    (element) => stays(element) && element.clientHeight > innerHeight / 2,
  );
  return covering.map((element) => element.outerHTML.slice(0, 300));
}

/** As it is seen, and the whole page where that is longer. */
async function keepPicture(page: Page, name: string): Promise<void> {
  if (!PICTURES) return;
  const path = `${PICTURES}/${test.info().project.name}/${name}`;
  await page.screenshot({ path: `${path}.png`, animations: 'disabled' });
  const isLonger = await page.evaluate(() => document.documentElement.scrollHeight > innerHeight);
  if (isLonger) await page.screenshot({ path: `${path}-whole.png`, animations: 'disabled', fullPage: true });
}
