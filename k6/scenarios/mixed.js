// A sale as it is: a crowd that looks at the stock while buyers come, some of them too late.

import { sleep } from 'k6';
import { look, openSale } from '../lib/shop.js';
import { ANY, begin, exactly } from '../lib/answers.js';
import { buyOne, lookOn } from '../lib/crowd.js';
import { verify } from '../lib/invariants.js';
import { options as run } from '../lib/run.js';
import { size } from '../lib/settings.js';
import { summarise } from '../lib/summary.js';

const BUYERS = size('MIXED_BUYERS', 600, 1, 20000);
const POLLERS = size('MIXED_POLLERS', 200, 1, 5000);
const STOCK = size('MIXED_STOCK', 400, 1, 10000000);
const SECONDS = size('MIXED_SECONDS', 20, 5, 3600);
const SOLD = Math.min(BUYERS, STOCK);

export const options = run(
  {
    buyers: {
      executor: 'per-vu-iterations',
      exec: 'buy',
      vus: BUYERS,
      iterations: 1,
      maxDuration: `${SECONDS + 30}s`,
    },
    pollers: { executor: 'constant-vus', exec: 'poll', vus: POLLERS, duration: `${SECONDS}s` },
  },
  {
    ...exactly({
      accepted: SOLD,
      sold_out: BUYERS - SOLD,
      status_shown: ANY,
      status_unchanged: ANY,
    }),
    status_shown: ['count>0'],
  },
);

export function setup() {
  begin();
  return openSale('mixed', STOCK, 120);
}

/** Comes at any time of the first three quarters, looks, and buys. */
export function buy(sale) {
  sleep(Math.random() * SECONDS * 0.75);
  look(sale, {});
  buyOne(sale);
}

export const poll = lookOn;

export function teardown(sale) {
  verify(sale, SOLD);
}

export function handleSummary(data) {
  return summarise('mixed', {}, data);
}
