// The same for long: buyers at a modest rate and pollers beside them. What grows without bound,
// or goes wrong once in a while, shows here; `SOAK_SECONDS=7200` is two hours.

import { openSale } from '../lib/shop.js';
import { ANY, begin, exactly } from '../lib/answers.js';
import { buyOne, lookOn } from '../lib/crowd.js';
import { verify } from '../lib/invariants.js';
import { mostOf, options as run, stockForAll } from '../lib/run.js';
import { size } from '../lib/settings.js';
import { summarise } from '../lib/summary.js';

const RATE = size('SOAK_PER_S', 50, 1, 5000);
const POLLERS = size('SOAK_POLLERS', 50, 1, 5000);
const SECONDS = size('SOAK_SECONDS', 300, 10, 86400);
const STOCK = stockForAll(RATE, SECONDS);

export const options = run(
  {
    buyers: {
      executor: 'constant-arrival-rate',
      exec: 'buy',
      rate: RATE,
      timeUnit: '1s',
      duration: `${SECONDS}s`,
      preAllocatedVUs: Math.max(20, RATE),
      maxVUs: Math.max(40, 4 * RATE),
    },
    pollers: { executor: 'constant-vus', exec: 'poll', vus: POLLERS, duration: `${SECONDS}s` },
  },
  {
    ...exactly({ accepted: ANY, status_shown: ANY, status_unchanged: ANY }),
    accepted: [`count>=${mostOf(RATE, SECONDS)}`],
    status_shown: ['count>0'],
  },
);

export function setup() {
  begin();
  return openSale('soak', STOCK, SECONDS / 60 + 60);
}

export const buy = buyOne;
export const poll = lookOn;

export function teardown(sale) {
  verify(sale);
}

export function handleSummary(data) {
  return summarise('soak', {}, data);
}
