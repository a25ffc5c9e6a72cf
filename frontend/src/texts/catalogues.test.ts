import { expect, test } from 'vitest';

/** Words of both languages. */
const SHARED = ['Live', 'Name', 'Details'];

/** Each text by its place; one that takes values is made with recognizable ones. */
function texts(catalogue: object, place = ''): Map<string, string> {
  const found = new Map<string, string>();
  for (const [name, text] of Object.entries(catalogue)) {
    const at = place === '' ? name : `${place}.${name}`;
    if (typeof text === 'string') found.set(at, text);
    else if (typeof text === 'function') found.set(at, text('«1»', '«2»'));
    else for (const [below, words] of texts(text, at)) found.set(below, words);
  }
  return found;
}

/** All catalogues of a language, each under the name that its file exports. */
const english = texts(Object.assign({}, ...Object.values(import.meta.glob('./en/*.ts', { eager: true }))));
const german = texts(Object.assign({}, ...Object.values(import.meta.glob('./de/*.ts', { eager: true }))));

test('both catalogues have the same texts', () => {
  expect([...german.keys()].sort()).toEqual([...english.keys()].sort());
  expect(english.size).toBeGreaterThan(100);
});

test('no text was left in the other language', () => {
  const equal = [...english].filter(([place, text]) => german.get(place) === text);
  const worded = equal.filter(([, text]) => /\p{L}/u.test(text));
  expect(worded.filter(([, text]) => !SHARED.includes(text))).toEqual([]);
});

const ENGLISH_WORDS = /\b(the|your|you|of|and|is|with|this|buy|sale|sales|shop's|again|left)\b/i;
const GERMAN_WORDS = /\b(der|die|das|und|ist|Sie|Ihr|Ihre|nicht|von|wird|Verkauf|Bestellung|Käufer)\b/;

test.each([
  ['German', german, ENGLISH_WORDS],
  ['English', english, GERMAN_WORDS],
] as const)('no %s text has words of the other language', (_, catalogue, foreign) => {
  expect([...catalogue].filter(([, text]) => foreign.test(text))).toEqual([]);
});

test.each([
  ['English', english],
  ['German', german],
] as const)(
  'each %s text says something, with its values in it, and without blanks around it',
  (_, catalogue) => {
    for (const [place, text] of catalogue) {
      expect([place, text.trim() !== '' && text === text.trim()]).toEqual([place, true]);
      const values = (words: string | undefined) => (words?.match(/«\d»/g) ?? []).sort();
      expect([place, values(text)]).toEqual([place, values(english.get(place))]);
    }
  },
);
