// The calls of a shop and of its admin, as the contract has them.

import { sleep } from 'k6';
import http from 'k6/http';
import { attemptAnswered, statusAnswered } from './answers.js';
import { ADMIN_API_KEY, ADMIN_URL, BASE_URL } from './settings.js';

/** How long a buyer waits for an answer. */
const PATIENCE = '20s';
/** How long an admin's call may take: a comparison goes purchase by purchase. */
const ADMIN_PATIENCE = '60s';
const MINUTE_MS = 60000;
/** Within a second every node knows of it. */
const KNOWN_AFTER_S = 1.5;

/** One attempt of `buyer`, with a key if there is one. */
export function attempt(sku, buyer, key) {
  const [, url, body, params] = attemptRequest(sku, buyer, key);
  return attemptAnswered(http.post(url, body, params));
}

/** The same attempt `times` times at once; all answers. */
export function attemptAtOnce(sku, buyer, key, times) {
  const requests = Array.from({ length: times }, () => attemptRequest(sku, buyer, key));
  return Object.values(http.batch(requests)).map((response) => attemptAnswered(response));
}

function attemptRequest(sku, buyer, key) {
  const headers = { 'Content-Type': 'application/json', 'X-User-Id': buyer };
  if (key) headers['Idempotency-Key'] = key;
  const params = { headers, timeout: PATIENCE, tags: { name: 'attempt' } };
  return ['POST', `${BASE_URL}/api/v1/purchases`, JSON.stringify({ sku }), params];
}

/** The sale as everybody sees it, asked with the tag of what is known; its tag is kept. */
export function look(sale, known) {
  const headers = known.etag ? { 'If-None-Match': known.etag } : {};
  const params = { headers, timeout: PATIENCE, tags: { name: 'status' } };
  const response = http.get(`${BASE_URL}/api/v1/sales?sku=${sale.sku}`, params);
  const shown = statusAnswered(response, sale.sku, sale.stock);
  if (shown) known.etag = response.headers.Etag;
  return shown;
}

/** What `buyer` holds of the sale; `undefined` if that was not told. */
export function purchasesOf(sku, buyer) {
  const params = { headers: { 'X-User-Id': buyer }, timeout: PATIENCE, tags: { name: 'lookup' } };
  const response = http.get(`${BASE_URL}/api/v1/purchases?sku=${sku}`, params);
  return response.status === 200 ? response.json('data.purchases') : undefined;
}

/** Opens a sale of a name of its own, which goes on for `minutes`. */
export function openSale(scenario, stock, minutes) {
  const now = Date.now();
  const sku = `K6-${scenario}-${now.toString(36)}`.toUpperCase();
  const response = admin('POST', '/products', {
    sku,
    productName: `Load scenario ${scenario}`,
    initialStock: stock,
    // The server's clock may be behind this one.
    startTime: new Date(now - MINUTE_MS).toISOString(),
    endTime: new Date(now + minutes * MINUTE_MS).toISOString(),
  });
  if (response.status !== 201) {
    throw new Error(`the sale was not made: ${response.status} ${response.error} ${response.body}`);
  }
  sleep(KNOWN_AFTER_S);
  return { sku, stock };
}

/** An admin's call; `path` follows `/api/v1`. */
export function admin(method, path, body) {
  const headers = { 'X-Admin-Key': ADMIN_API_KEY };
  if (body) headers['Content-Type'] = 'application/json';
  const params = { headers, timeout: ADMIN_PATIENCE, tags: { name: 'admin' } };
  const text = body ? JSON.stringify(body) : null;
  return http.request(method, `${ADMIN_URL}/api/v1${path}`, text, params);
}

/** A status read past every cache and proxy. */
export function statusAtNode(sku) {
  const params = { timeout: PATIENCE, tags: { name: 'admin' } };
  return http.get(`${ADMIN_URL}/api/v1/sales?sku=${sku}`, params);
}
