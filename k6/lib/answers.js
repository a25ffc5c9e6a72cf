// What came back, counted: each answer once, by what it says. Thresholds hold the counts.

import { Counter, Trend } from 'k6/metrics';

/** Every kind of answer, and what the teardown finds; a run that names no count for one has 0. */
export const KINDS = [
  'accepted',
  'sold_out',
  'already_purchased',
  'not_active',
  'status_shown',
  'status_unchanged',
  'rate_limited',
  'refused',
  'malformed',
  'unavailable',
  'server_errors',
  'unanswered',
  'invariants_broken',
];

/** A kind that may come any number of times. */
export const ANY = null;

const counters = Object.fromEntries(KINDS.map((kind) => [kind, new Counter(kind)]));

/** Units that the ledger has at the end; beside `units_told` in the summary. */
export const unitsInLedger = new Counter('units_in_ledger');
/** Units of purchases that buyers were told of, each purchase once. */
export const unitsTold = new Counter('units_told');
/** How often a poller was shown a version below one that it had seen: another node is behind. */
export const versionsWentBack = new Counter('versions_went_back');

const attemptMs = new Trend('attempt_ms', true);
const statusMs = new Trend('status_ms', true);

const REJECTIONS = {
  SOLD_OUT: 'sold_out',
  ALREADY_PURCHASED: 'already_purchased',
  SALE_NOT_ACTIVE: 'not_active',
};

/** Thresholds that hold every count: those named, and 0 of all others. */
export function exactly(counts) {
  const held = KINDS.filter((kind) => counts[kind] !== ANY);
  return Object.fromEntries(held.map((kind) => [kind, [`count==${counts[kind] ?? 0}`]]));
}

/** Shows every count at zero, so that a threshold holds for what never came. */
export function begin() {
  for (const counter of Object.values(counters)) counter.add(0);
  for (const counter of [unitsInLedger, unitsTold, versionsWentBack]) counter.add(0);
}

/** One more of `kind`. */
export function count(kind) {
  counters[kind].add(1);
}

/** Judges the answer to an attempt, and returns its kind and its data. */
export function attemptAnswered(response) {
  attemptMs.add(response.timings.duration);
  const body = bodyOf(response);
  const kind = kindOfAttempt(response, body);
  count(kind);
  return { kind, data: body?.data, error: body?.error };
}

/** Judges the answer to a question for the status, and returns the sale if it is shown. */
export function statusAnswered(response, sku, stock) {
  statusMs.add(response.timings.duration);
  if (response.status === 304) {
    count('status_unchanged');
    return undefined;
  }
  const sale = bodyOf(response)?.data;
  const isSale = sale?.sku === sku && sale.stock >= 0 && sale.stock <= stock && sale.version >= 0;
  const kind = failure(response) ?? (isSale ? 'status_shown' : 'malformed');
  count(kind);
  return kind === 'status_shown' ? sale : undefined;
}

function kindOfAttempt(response, body) {
  const failed = failure(response);
  if (failed) return failed;
  if (body?.success === true) {
    const isPurchase = /^PUR-\d{8}-/.test(body.data?.purchaseNo) && body.data.qty >= 1;
    return isPurchase ? 'accepted' : 'malformed';
  }
  return REJECTIONS[body?.error?.code] ?? 'malformed';
}

/**
 * The kind of an answer that is no 200; 429 is a limit in front, or the server's own. A 503 says that
 * it is not known what came of it, any other 5xx is a fault of the program or of a proxy.
 */
function failure({ status }) {
  if (status === 0) return 'unanswered';
  if (status === 503) return 'unavailable';
  if (status >= 500) return 'server_errors';
  if (status === 429) return 'rate_limited';
  return status === 200 ? undefined : 'refused';
}

function bodyOf(response) {
  try {
    return response.json();
  } catch {
    return undefined;
  }
}
