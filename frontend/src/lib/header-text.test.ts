import { expect, test } from 'vitest';
import { asUtf8 } from '../test/as-utf8';
import { encodeHeaderText } from './header-text';

test('an ASCII name travels as it is', () => {
  expect(encodeHeaderText('Ada Lovelace')).toBe('Ada Lovelace');
});

test.each(['Ñandú', 'Жанна', '春', '🐎'])('the bytes of %s are its UTF-8', (name) => {
  const encoded = encodeHeaderText(name);
  expect(asUtf8(encoded)).toBe(name);
  expect(new Headers({ 'X-User-Id': encoded }).get('X-User-Id')).toBe(encoded);
});
