import { expect, test } from 'vitest';
import { admin as de } from '../../../texts/de/admin';
import { admin as en } from '../../../texts/en/admin';
import { serverFaultText } from './server-fault';

test.each([
  ['must be 1 to 64 characters of A-Z, a-z, 0-9 and -', 'Use 1 to 64 letters, digits and hyphens.'],
  ['must be a whole number from 1 to 10000000', 'Use a whole number from 1 to 10,000,000.'],
  ['must be text of 1 to 255 characters, without control characters', /^Use 1 to 255 characters/],
  [
    'must be a path of this origin that begins with one /, or an https address of an allowed origin, 2048 ' +
      'characters at most, without spaces; allowed origins: https://cdn.example (STAMPEDE_IMAGE_ORIGINS allows more)',
    /\(now: https:\/\/cdn\.example\)\. The setting STAMPEDE_IMAGE_ORIGINS/,
  ],
  ['must be after startTime', 'The end must be after the start.'],
])('“%s” is told as %s', (sentence, words) => {
  expect(serverFaultText(sentence, { texts: en, locale: 'en' })).toMatch(words);
});

test('numbers are written as the language writes them', () => {
  expect(serverFaultText('must be a whole number from 1 to 10000000', { texts: de, locale: 'de' })).toBe(
    'Verwenden Sie eine ganze Zahl von 1 bis 10.000.000.',
  );
});

test('a sentence that the catalogue does not have is left to the server’s words', () => {
  expect(
    serverFaultText('the gate has memory for about 5 more units', { texts: en, locale: 'en' }),
  ).toBeNull();
});
