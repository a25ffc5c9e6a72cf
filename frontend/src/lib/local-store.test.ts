import { expect, test, vi } from 'vitest';
import { dropStored, readStored, writeStored } from './local-store';

test('what a full storage refuses is kept for the life of the page', () => {
  writeStored('key', 'old');
  vi.spyOn(Storage.prototype, 'setItem').mockImplementation(() => {
    throw new DOMException('full', 'QuotaExceededError');
  });
  writeStored('key', 'new');
  expect(readStored('key')).toBe('new');
  dropStored('key');
  expect(readStored('key')).toBeNull();
});
