import { HttpResponse, http } from 'msw';
import { expect, test } from 'vitest';
import { asUtf8 } from '../test/as-utf8';
import { server } from '../test/server';
import { bought, failure, holdsNothing, PURCHASES, purchase, success } from '../test/wire-answers';
import { getPurchases } from './get-purchases';
import { postPurchase } from './post-purchase';

const attempt = { sku: 'WIDGET-001', buyer: 'Жанна', key: 'key-1' };

test('a purchase is sent with its key and the name in UTF-8', async () => {
  let sent: Request | undefined;
  server.use(
    http.post(PURCHASES, ({ request }) => {
      sent = request.clone();
      return bought();
    }),
  );
  expect(await postPurchase(attempt)).toMatchObject({ kind: 'ok', data: purchase() });
  expect(sent?.headers.get('Idempotency-Key')).toBe('key-1');
  expect(asUtf8(sent?.headers.get('X-User-Id') ?? '')).toBe('Жанна');
  expect(await sent?.json()).toEqual({ sku: 'WIDGET-001', qty: 1 });
});

test('a rejection is an answer, not a failure', async () => {
  server.use(http.post(PURCHASES, () => failure(200, 'ALREADY_PURCHASED', { purchase: purchase() })));
  expect(await postPurchase(attempt)).toMatchObject({
    kind: 'rejection',
    failure: { code: 'ALREADY_PURCHASED', purchase: purchase() },
  });
});

test('a failure keeps its status, its code and its wait', async () => {
  server.use(http.post(PURCHASES, () => failure(429, 'RATE_LIMITED', { retryAfter: 3 })));
  expect(await postPurchase(attempt)).toMatchObject({
    kind: 'failure',
    status: 429,
    failure: { code: 'RATE_LIMITED', retryAfter: 3 },
  });
});

test('a proxy that refuses under load in its own words is understood', async () => {
  server.use(
    http.post(
      PURCHASES,
      () => new HttpResponse('<h1>503</h1>', { status: 503, headers: { 'Retry-After': '7' } }),
    ),
  );
  expect(await postPurchase(attempt)).toMatchObject({
    kind: 'failure',
    failure: { code: 'SERVICE_UNAVAILABLE', retryAfter: 7 },
  });
});

test.each([
  ['a broken connection', () => HttpResponse.error()],
  ['a bad gateway', () => new HttpResponse('<h1>502</h1>', { status: 502 })],
  ['a page in place of JSON', () => new HttpResponse('<h1>Log in</h1>')],
  ['a receipt without a number', () => success({ sku: 'WIDGET-001' })],
])('%s leaves the outcome unknown', async (_, reply) => {
  server.use(http.post(PURCHASES, reply));
  expect(await postPurchase(attempt)).toEqual({ kind: 'unknown' });
});

test('no purchases and a route that is not there are told apart', async () => {
  server.use(http.get(PURCHASES, holdsNothing));
  expect(await getPurchases('WIDGET-001', 'Ada')).toMatchObject({ failure: { code: 'NOT_FOUND' } });
  server.use(http.get(PURCHASES, () => new HttpResponse('nginx', { status: 404 })));
  expect(await getPurchases('WIDGET-001', 'Ada')).toMatchObject({ failure: { code: 'HTTP_404' } });
});
