// The day of a sale on which Redis is lost: buyers come over some seconds, somebody kills Redis in
// the middle and starts it again, and whoever gets no decision repeats the attempt by its key.
// Exactly the stock is sold, the ledger has as many units as buyers were told of, and gate and ledger
// agree within a minute. `cargo xtask rehearse` does the killing.

import { sleep } from 'k6';
import { attempt, openSale } from '../lib/shop.js';
import { ANY, begin, count, exactly, unitsTold } from '../lib/answers.js';
import { verify } from '../lib/invariants.js';
import { newBuyer, options as run } from '../lib/run.js';
import { size } from '../lib/settings.js';
import { summarise } from '../lib/summary.js';

const BUYERS = size('REHEARSAL_BUYERS', 1000, 1, 20000);
const STOCK = size('REHEARSAL_STOCK', 800, 1, 10000000);
const SECONDS = size('REHEARSAL_SECONDS', 30, 10, 3600);
const SOLD = Math.min(BUYERS, STOCK);
/** How long a buyer goes on, and how soon they ask again. */
const PATIENCE_S = 60;
const PAUSE_S = 0.5;
/** The sale goes on for so much longer than buyers come. */
const MARGIN_MIN = 30;
/** Within this after a fault gate and ledger agree without a person. */
const AGREE_WITHIN_S = 60;

export const options = run(
  {
    buyers: {
      executor: 'per-vu-iterations',
      vus: BUYERS,
      iterations: 1,
      maxDuration: `${SECONDS + 2 * PATIENCE_S}s`,
    },
  },
  {
    ...exactly({ accepted: SOLD, sold_out: BUYERS - SOLD, unavailable: ANY }),
    // Else nothing was rehearsed.
    unavailable: ['count>0'],
  },
);

export function setup() {
  begin();
  return openSale('rehearsal', STOCK, Math.ceil(SECONDS / 60) + MARGIN_MIN);
}

export default function buy({ sku }) {
  sleep(Math.random() * SECONDS);
  const buyer = newBuyer();
  for (let waited = 0; waited < PATIENCE_S; waited += PAUSE_S) {
    const answer = attempt(sku, buyer, `key-of-${buyer}`);
    if (answer.kind === 'accepted') unitsTold.add(answer.data.qty);
    if (answer.kind === 'accepted' || answer.kind === 'sold_out') return;
    sleep(PAUSE_S);
  }
  console.error(`broken: ${buyer} got no decision`);
  count('invariants_broken');
}

export function teardown(sale) {
  verify(sale, SOLD, AGREE_WITHIN_S);
}

export function handleSummary(data) {
  return summarise('rehearsal', {}, data);
}
