// What the runs have in common: what is measured of each, and how buyers are called.

import exec from 'k6/execution';

/** The figures of a summary; `med` is the p50. */
const FIGURES = ['avg', 'min', 'med', 'p(95)', 'p(99)', 'max', 'count'];
/** The largest stock that a sale may have. */
const STOCK_MAX = 10000000;

/** The options of a run of one crowd or several, held to `thresholds`. */
export function options(scenarios, thresholds) {
  return {
    scenarios,
    thresholds,
    summaryTrendStats: FIGURES,
    setupTimeout: '30s',
    // Until the ledger has everything, and gate and ledger are compared.
    teardownTimeout: '300s',
    userAgent: 'stampede-k6',
  };
}

/** A buyer whom nobody else in this run is. */
export function newBuyer() {
  return `${exec.scenario.name}-${exec.scenario.iterationInTest}`;
}

/** How long a machine may stand still while buyers arrive, so that they find nobody free. */
const STANDSTILL_S = 6;

/** Of buyers at a steady rate, the fewest that have to come: the others found nobody free. */
export function mostOf(perSecond, seconds) {
  // A short run is held to half of them, lest it be held to nothing.
  return Math.floor(perSecond * Math.max(seconds / 2, seconds * 0.95 - STANDSTILL_S));
}

/** Units enough for all who arrive, one more lest the last one sells out. */
export function stockForAll(perSecond, seconds) {
  const stock = perSecond * seconds + 1;
  if (stock > STOCK_MAX) {
    const crowd = `${perSecond} buyers a second for ${seconds} s`;
    throw new Error(`${crowd} are more than the ${STOCK_MAX} units of a sale`);
  }
  return stock;
}

/** A pause around `seconds`, so that those who look do not look in step. */
export function around(seconds) {
  return seconds * (0.5 + Math.random());
}
