import { expect, Keeper, PRICED, test } from './fixtures.js';
import { audit, type Category, faultsIn } from './lighthouse.js';

const CATEGORIES: Category[] = ['accessibility', 'best-practices'];

for (const screen of ['mobile', 'desktop'] as const) {
  for (const page of ['/', '/sales/{sku}', '/admin']) {
    test(`Lighthouse finds no fault with ${page} on ${screen}`, { tag: '@once' }, async ({ startServer }) => {
      const server = await startServer();
      const sku = await new Keeper(server).sale(PRICED);
      const report = await audit(server.url + page.replace('{sku}', sku), screen, CATEGORIES);
      expect(report.runWarnings).toEqual([]);
      for (const category of CATEGORIES) {
        expect(faultsIn(report, category), category).toEqual([]);
        expect(report.categories[category]?.score, category).toBe(1);
      }
    });
  }
}
