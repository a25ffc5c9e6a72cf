// What must hold once nobody asks any more, as the admin API tells it.

import { sleep } from 'k6';
import { count, unitsInLedger } from './answers.js';
import { KEEP_SALE } from './settings.js';
import { admin, statusAtNode } from './shop.js';

/** How long the ledger may take to have everything, and the node that is asked to show it. */
const CATCH_UP_S = 30;
const LOOK_EVERY_S = 0.2;
/**
 * What is younger is not looked for in the ledger by a comparison: `STAMPEDE_RECONCILE_SETTLED_AFTER_MS`
 * of the server, 10 s unless it was told otherwise, and a second in which nodes' clocks may differ.
 */
const SETTLED_AFTER_S = 11;
/** How often the removal of a sale is asked for: each time has a minute. */
const REMOVALS_MAX = 3;
/** How long a comparison of gate and ledger is tried for: another run may be at work. */
const COMPARE_S = 10;

/**
 * Holds the sale to the invariants, and removes it if they hold.
 *
 * `units` are sold, if named; gate and ledger agree within `agreeWithinS` seconds, which is now
 * unless something was broken.
 */
export function verify(sale, units, agreeWithinS = 0) {
  const broken = faults(sale, units, agreeWithinS);
  for (const fault of broken) {
    console.error(`broken: ${fault}`);
    count('invariants_broken');
  }
  if (broken.length > 0) {
    console.error(`the sale ${sale.sku} is left as it is`);
  } else if (!KEEP_SALE) {
    remove(sale.sku);
  }
}

/** Removes the sale: 503 says that it goes on, and a repeat after that may find it gone. */
function remove(sku) {
  let answer;
  for (let tries = 0; tries < REMOVALS_MAX; tries += 1) {
    answer = admin('DELETE', `/products/${sku}`);
    if (answer.status === 200 || (tries > 0 && answer.status === 404)) return;
    if (answer.status !== 503 && answer.status !== 0) break;
    sleep(1);
  }
  console.error(`broken: ${sku} was not removed: ${answer.status} ${answer.error} ${answer.body}`);
  count('invariants_broken');
}

function faults(sale, units, agreeWithinS) {
  const product = recorded(sale.sku);
  if (!product) return ['the product is not told'];
  const { totalPurchases: sold, persistedPurchases: persisted, currentStock: left } = product;
  unitsInLedger.add(persisted);
  const shown = shownStock(sale.sku, left);
  const letters = deadLetters(sale.sku);
  if (sold > 0) sleep(SETTLED_AFTER_S);
  const comparison = compare(sale.sku, agreeWithinS);
  const held = [
    [sold <= sale.stock, `${sold} units are sold of ${sale.stock}`],
    [sold + left === sale.stock, `${sold} sold and ${left} left are not ${sale.stock}`],
    [persisted === sold, `${persisted} units are in the ledger, ${sold} at the gate`],
    [units === undefined || sold === units, `${sold} units are sold, not ${units}`],
    [shown === left, `${shown} units are shown, ${left} are left`],
    [letters.status === 200, `dead letters are not told: ${letters.status}`],
    [letters.status !== 200 || letters.json('data').length === 0, 'there are dead letters'],
    [comparison?.complete === true, 'gate and ledger could not be compared'],
    [!comparison || comparison.mismatches === 0, `drifts: ${JSON.stringify(comparison?.drifts)}`],
  ];
  return held.filter(([holds]) => !holds).map(([, fault]) => fault);
}

/** The product once the ledger has what the gate sold, or as it is when that takes too long. */
function recorded(sku) {
  let product;
  for (let waited = 0; waited < CATCH_UP_S; waited += LOOK_EVERY_S) {
    const response = admin('GET', `/products/${sku}`);
    if (response.status === 200) {
      product = response.json('data');
      if (product.persistedPurchases === product.totalPurchases) return product;
    }
    sleep(LOOK_EVERY_S);
  }
  return product;
}

/** Dead letters, asked until they are told: 503 says that they are not now. */
function deadLetters(sku) {
  let letters;
  for (let waited = 0; waited < CATCH_UP_S; waited += LOOK_EVERY_S) {
    letters = admin('GET', `/dead-letters?sku=${sku}`);
    if (letters.status !== 503 && letters.status !== 0) break;
    sleep(LOOK_EVERY_S);
  }
  return letters;
}

/** The stock that a node shows, once it is `left`: it may take a second. */
function shownStock(sku, left) {
  let shown;
  for (let waited = 0; waited < CATCH_UP_S && shown !== left; waited += LOOK_EVERY_S) {
    const response = statusAtNode(sku);
    shown = response.status === 200 ? response.json('data.stock') : undefined;
    if (shown !== left) sleep(LOOK_EVERY_S);
  }
  return shown;
}

/**
 * A comparison of this sale purchase by purchase: the first that agrees, else the first complete one
 * that is late enough, else the last.
 */
function compare(sku, agreeWithinS) {
  let comparison;
  for (let waited = 0; waited <= Math.max(COMPARE_S, agreeWithinS); waited += 1) {
    const response = admin('POST', '/reconciliation/runs', { sku });
    if (response.status === 200) {
      comparison = response.json('data');
      const { complete, mismatches } = comparison;
      if (complete && (mismatches === 0 || waited >= agreeWithinS)) return comparison;
    }
    sleep(1);
  }
  return comparison;
}
