// Buyers who press again and again: the same key at once gets one purchase every time, another
// key gets no second one, and a lookup tells of exactly the first.

import { sleep } from 'k6';
import { attempt, attemptAtOnce, openSale, purchasesOf } from '../lib/shop.js';
import { begin, count, exactly, unitsTold } from '../lib/answers.js';
import { verify } from '../lib/invariants.js';
import { newBuyer, options as run } from '../lib/run.js';
import { size } from '../lib/settings.js';
import { summarise } from '../lib/summary.js';

const BUYERS = size('DUPLICATES_BUYERS', 200, 1, 10000);
// A server allows one buyer five attempts a second unless it is told otherwise.
const REPEATS = size('DUPLICATES_REPEATS', 5, 2, 5);
/** After it the buyer may ask again. */
const ALLOWANCE_S = 1.5;

export const options = run(
  { buyers: { executor: 'per-vu-iterations', vus: BUYERS, iterations: 1, maxDuration: '60s' } },
  exactly({ accepted: BUYERS * REPEATS, already_purchased: BUYERS }),
);

export function setup() {
  begin();
  // One buyer too few would be sold out, one purchase too many would be seen.
  return openSale('duplicates', BUYERS + 1, 60);
}

export default function buyAgain({ sku }) {
  const buyer = newBuyer();
  const answers = attemptAtOnce(sku, buyer, `key-of-${buyer}`, REPEATS);
  const numbers = new Set(answers.map((answer) => answer.data?.purchaseNo));
  const [number] = numbers;
  if (numbers.size !== 1 || !number) broken(`${buyer} has ${[...numbers].join(', ')}`);
  else unitsTold.add(answers[0].data.qty);
  sleep(ALLOWANCE_S);
  const other = attempt(sku, buyer, `another-key-of-${buyer}`);
  if (other.error?.purchase?.purchaseNo !== number) broken(`${buyer} is not told of ${number}`);
  const held = (purchasesOf(sku, buyer) ?? []).map((purchase) => purchase.purchaseNo);
  if (held.length !== 1 || held[0] !== number) broken(`${buyer} holds ${held.join(', ')}`);
}

function broken(fault) {
  console.error(`broken: ${fault}`);
  count('invariants_broken');
}

export function teardown(sale) {
  verify(sale, BUYERS);
}

export function handleSummary(data) {
  return summarise('duplicates', {}, data);
}
