// What people do of whom there are many: they buy, and they look at what is left.

import { sleep } from 'k6';
import { unitsTold, versionsWentBack } from './answers.js';
import { around, newBuyer } from './run.js';
import { attempt, look } from './shop.js';

/** Somebody new buys a unit. */
export function buyOne({ sku }) {
  const answer = attempt(sku, newBuyer());
  if (answer.kind === 'accepted') unitsTold.add(answer.data.qty);
}

const known = { version: 0 };

/** Looks about once a second, as a page does that has lost its stream. */
export function lookOn(sale) {
  const shown = look(sale, known);
  if (shown) {
    if (shown.version < known.version) versionsWentBack.add(1);
    known.version = Math.max(known.version, shown.version);
  }
  sleep(around(1));
}
