// The same for long: buyers at a modest rate and pollers beside them. What grows without bound,
// or goes wrong once in a while, shows here; `SOAK_SECONDS=7200` is two hours.

import { sleep } from 'k6';
import { attempt, look, openSale } from '../lib/shop.js';
import { ANY, begin, exactly, unitsTold, versionsWentBack } from '../lib/answers.js';
import { verify } from '../lib/invariants.js';
import { around, newBuyer, options as run, stockForAll } from '../lib/run.js';
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
    accepted: ['count>0'],
    status_shown: ['count>0'],
  },
);

export function setup() {
  begin();
  return openSale('soak', STOCK, SECONDS / 60 + 60);
}

export function buy({ sku }) {
  const answer = attempt(sku, newBuyer());
  if (answer.kind === 'accepted') unitsTold.add(answer.data.qty);
}

const known = { version: 0 };

export function poll(sale) {
  const shown = look(sale, known);
  if (shown) {
    if (shown.version < known.version) versionsWentBack.add(1);
    known.version = Math.max(known.version, shown.version);
  }
  sleep(around(1));
}

export function teardown(sale) {
  verify(sale);
}

export function handleSummary(data) {
  return summarise('soak', {}, data);
}
