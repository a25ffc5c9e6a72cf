// Buyers arrive at a steady rate, however long those before them wait; there is enough for all.
// Those whom no virtual user was free for are `dropped_iterations`: then the rate was less.

import { attempt, openSale } from '../lib/shop.js';
import { ANY, begin, exactly, unitsTold } from '../lib/answers.js';
import { verify } from '../lib/invariants.js';
import { newBuyer, options as run, stockForAll } from '../lib/run.js';
import { size } from '../lib/settings.js';
import { summarise } from '../lib/summary.js';

const RATE = size('ARRIVALS_PER_S', 300, 1, 20000);
const SECONDS = size('ARRIVALS_SECONDS', 30, 5, 3600);
const WAITING = size('ARRIVALS_WAITING_MAX', 400, 1, 20000);
const STOCK = stockForAll(RATE, SECONDS);

export const options = run(
  {
    buyers: {
      executor: 'constant-arrival-rate',
      rate: RATE,
      timeUnit: '1s',
      duration: `${SECONDS}s`,
      preAllocatedVUs: WAITING,
    },
  },
  { ...exactly({ accepted: ANY }), accepted: ['count>0'] },
);

export function setup() {
  begin();
  return openSale('arrivals', STOCK, 120);
}

export default function buy({ sku }) {
  const answer = attempt(sku, newBuyer());
  if (answer.kind === 'accepted') unitsTold.add(answer.data.qty);
}

export function teardown(sale) {
  verify(sale);
}

export function handleSummary(data) {
  return summarise('arrivals', {}, data);
}
