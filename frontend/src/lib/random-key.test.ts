import { expect, test, vi } from 'vitest';
import { randomKey } from './random-key';

const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test('a key is a random UUID', () => {
  expect(randomKey()).toMatch(UUID_V4);
  expect(randomKey()).not.toBe(randomKey());
});

test('a key is a random UUID on a plain http origin too', () => {
  const { getRandomValues } = crypto;
  vi.stubGlobal('crypto', { getRandomValues: getRandomValues.bind(crypto) });
  expect(randomKey()).toMatch(UUID_V4);
  expect(randomKey()).not.toBe(randomKey());
});
