import { expect, test, vi } from 'vitest';
import { localeOf } from './language';

/** The module as a page of a browser with these languages loads it. */
async function load(...languages: string[]) {
  vi.spyOn(navigator, 'languages', 'get').mockReturnValue(languages);
  vi.resetModules();
  return import('./language');
}

test.each([
  ['de', ['de-AT', 'en-US']],
  ['en', ['en-GB', 'de']],
  ['de', ['fr', 'pt-BR', 'de-CH', 'en']],
  ['en', ['fr', 'ja']],
  ['en', []],
  ['de', ['DE']],
])('the page speaks %s in a browser of %j', async (expected, languages) => {
  const { language } = await load(...languages);
  expect(language.get()).toBe(expected);
  expect(document.documentElement.lang).toBe(expected);
});

test('a chosen language is kept over a reload, whatever the browser speaks', async () => {
  const first = await load('en-US');
  first.chooseLanguage('de');
  expect(document.documentElement.lang).toBe('de');
  const reloaded = await load('en-US');
  expect(reloaded.language.get()).toBe('de');
  expect(document.documentElement.lang).toBe('de');
});

test('a stored language that the page does not speak is no choice', async () => {
  localStorage.setItem('stampede:language', 'tlh');
  expect((await load('de')).language.get()).toBe('de');
  localStorage.setItem('stampede:language', 'constructor');
  expect((await load('de')).language.get()).toBe('de');
});

test('numbers and dates are written as in the region of the reader, if it is one of that language', () => {
  vi.spyOn(navigator, 'languages', 'get').mockReturnValue(['fr-CH', 'de-CH', 'en-GB', 'en-US']);
  expect(localeOf('de')).toBe('de-CH');
  expect(localeOf('en')).toBe('en-GB');
  vi.spyOn(navigator, 'languages', 'get').mockReturnValue(['fr-CH']);
  expect(localeOf('de')).toBe('de');
});
