// Nobody buys, everybody looks: the status of one sale, half of the time with the tag of the last
// answer, which may then be 304.

import { sleep } from 'k6';
import { look, openSale } from '../lib/shop.js';
import { ANY, begin, exactly } from '../lib/answers.js';
import { verify } from '../lib/invariants.js';
import { around, options as run } from '../lib/run.js';
import { size } from '../lib/settings.js';
import { summarise } from '../lib/summary.js';

const POLLERS = size('POLLING_POLLERS', 300, 1, 10000);
const SECONDS = size('POLLING_SECONDS', 20, 5, 3600);
const PAUSE_MS = size('POLLING_PAUSE_MS', 250, 20, 60000);

export const options = run(
  { pollers: { executor: 'constant-vus', vus: POLLERS, duration: `${SECONDS}s` } },
  { ...exactly({ status_shown: ANY, status_unchanged: ANY }), status_shown: ['count>0'] },
);

export function setup() {
  begin();
  return openSale('polling', 1000, 120);
}

const known = {};

export default function poll(sale) {
  look(sale, Math.random() < 0.5 ? known : {});
  sleep(around(PAUSE_MS / 1000));
}

export function teardown(sale) {
  verify(sale, 0);
}

export function handleSummary(data) {
  return summarise('polling', {}, data);
}
