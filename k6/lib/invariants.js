// What must hold once nobody asks any more, as the admin API tells it.

import { sleep } from 'k6';
import { count, unitsInLedger } from './answers.js';
import { KEEP_SALE } from './settings.js';
import { admin, statusAtNode } from './shop.js';

/** How long the ledger may take to have everything, and the nodes to show the same. */
const CATCH_UP_S = 30;
const LOOK_EVERY_S = 0.2;
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
    admin('DELETE', `/products/${sale.sku}`);
  }
}

function faults(sale, units, agreeWithinS) {
  const product = recorded(sale.sku);
  if (!product) return ['the product is not told'];
  const { totalPurchases: sold, persistedPurchases: persisted, currentStock: left } = product;
  unitsInLedger.add(persisted);
  const shown = shownStock(sale.sku, left);
  const letters = admin('GET', `/dead-letters?sku=${sale.sku}`);
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

/** The stock that is shown, once it is `left`: other nodes may take a second. */
function shownStock(sku, left) {
  let shown;
  for (let waited = 0; waited < CATCH_UP_S && shown !== left; waited += LOOK_EVERY_S) {
    const response = statusAtNode(sku);
    shown = response.status === 200 ? response.json('data.stock') : undefined;
    if (shown !== left) sleep(LOOK_EVERY_S);
  }
  return shown;
}

/** A comparison of this sale purchase by purchase: the first that agrees, or the last in time. */
function compare(sku, agreeWithinS) {
  let comparison;
  for (let waited = 0; waited <= Math.max(COMPARE_S, agreeWithinS); waited += 1) {
    const response = admin('POST', '/reconciliation/runs', { sku });
    if (response.status === 200) {
      comparison = response.json('data');
      const agrees = comparison.complete && comparison.mismatches === 0;
      if (agrees || waited >= agreeWithinS) return comparison;
    }
    sleep(1);
  }
  return comparison;
}
