import { expect, test } from 'vitest';
import { pageOf } from './page-of';

test('the root shows the featured sale', () => {
  expect(pageOf('/')).toEqual({ name: 'shop', sku: null });
});

test.each(['/sales/WIDGET-001', '/sales/WIDGET-001/'])('%s shows that sale', (path) => {
  expect(pageOf(path)).toEqual({ name: 'shop', sku: 'WIDGET-001' });
});

test.each(['/sales', '/sales/a_b', `/sales/${'x'.repeat(65)}`, '/admin', '/sales/a/b'])(
  '%s is no page',
  (path) => {
    expect(pageOf(path)).toEqual({ name: 'notFound' });
  },
);
