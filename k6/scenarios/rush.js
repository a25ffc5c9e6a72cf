// A thousand buyers press "Buy" in the same second, and there is a hundred units: exactly the
// stock is sold, and everybody else is told so.

import { openSale } from '../lib/shop.js';
import { begin, exactly } from '../lib/answers.js';
import { buyOne } from '../lib/crowd.js';
import { verify } from '../lib/invariants.js';
import { options as run } from '../lib/run.js';
import { size } from '../lib/settings.js';
import { summarise } from '../lib/summary.js';

const BUYERS = size('RUSH_BUYERS', 1000, 1, 20000);
const STOCK = size('RUSH_STOCK', 100, 1, 10000000);
const SOLD = Math.min(BUYERS, STOCK);

export const options = run(
  { buyers: { executor: 'per-vu-iterations', vus: BUYERS, iterations: 1, maxDuration: '60s' } },
  exactly({ accepted: SOLD, sold_out: BUYERS - SOLD }),
);

export function setup() {
  begin();
  return openSale('rush', STOCK, 60);
}

export default buyOne;

export function teardown(sale) {
  verify(sale, SOLD);
}

export function handleSummary(data) {
  return summarise('rush', { attempt_ms: 100 }, data);
}
