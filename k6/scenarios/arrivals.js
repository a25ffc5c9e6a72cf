// Buyers arrive at a steady rate, however long those before them wait; there is enough for all.
// Those whom no virtual user was free for are `dropped_iterations`: then the rate was less, and the
// run fails if it was less by more than a twentieth and what comes in six seconds.

import { openSale } from '../lib/shop.js';
import { ANY, begin, exactly } from '../lib/answers.js';
import { buyOne } from '../lib/crowd.js';
import { verify } from '../lib/invariants.js';
import { mostOf, options as run, stockForAll } from '../lib/run.js';
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
  { ...exactly({ accepted: ANY }), accepted: [`count>=${mostOf(RATE, SECONDS)}`] },
);

export function setup() {
  begin();
  return openSale('arrivals', STOCK, 120);
}

export default buyOne;

export function teardown(sale) {
  verify(sale);
}

export function handleSummary(data) {
  return summarise('arrivals', {}, data);
}
