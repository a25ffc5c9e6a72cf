import { HttpResponse, http } from 'msw';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Product } from '../../../api/wire';
import { streams } from '../../../test/fake-stream';
import { server } from '../../../test/server';
import { holdTime, pass } from '../../../test/time';
import { settle } from '../../../test/until';
import { failure, PRODUCTS, product, sale } from '../../../test/wire-answers';
import { adminSession, signIn, signOut } from '../session/admin-session';
import { ProductDesk } from './product-desk';

const PAGE = 50;
let stop = () => {};
/** What the server has, newest first, and the cursors that it was asked for. */
let shelf: Product[] = [];
let asked: (string | null)[] = [];

beforeEach(() => {
  holdTime();
  signIn('the-key-of-this-test');
  shelf = [];
  asked = [];
  server.use(
    http.get(PRODUCTS, ({ request }) => {
      const { searchParams } = new URL(request.url);
      const cursor = searchParams.get('cursor');
      asked.push(cursor);
      const from = Number(cursor ?? 0);
      const next = from + Number(searchParams.get('limit'));
      const nextCursor = next < shelf.length ? String(next) : null;
      return HttpResponse.json({ success: true, data: shelf.slice(from, next), nextCursor });
    }),
  );
});

afterEach(() => {
  stop();
  signOut();
});

async function open(): Promise<ProductDesk> {
  const desk = new ProductDesk();
  stop = desk.start();
  await settle();
  return desk;
}

const numbered = (count: number) =>
  Array.from({ length: count }, (_, index) => product({ sku: `P-${index}` }));
const skus = (desk: ProductDesk) => desk.view.get().products?.map(({ sku }) => sku);

test('products are read page by page, and one stream keeps them live', async () => {
  shelf = numbered(PAGE + 2);
  const desk = await open();
  expect(desk.view.get()).toMatchObject({ more: true, link: 'live' });
  expect(desk.view.get().products).toHaveLength(PAGE);
  await desk.loadMore();
  expect(desk.view.get()).toMatchObject({ more: false, loadingMore: false });
  expect(desk.view.get().products).toHaveLength(PAGE + 2);
  expect(streams.urls).toEqual(['/api/v1/sales/events']);
  streams.last.emit('stock-update', { sku: 'P-51', stock: 5, version: 15 });
  await settle();
  expect(desk.view.get().products?.at(-1)?.currentStock).toBe(5);
});

test('while the stream is open and the ledger is not behind, nothing is read for long', async () => {
  shelf = numbered(1);
  await open();
  await pass(29_000);
  expect(asked).toHaveLength(1);
});

test('what the ledger still lacks is read soon, since no event tells it', async () => {
  shelf = [product({ totalPurchases: 13, persistedPurchases: 4 })];
  const desk = await open();
  shelf = [product({ totalPurchases: 13, persistedPurchases: 13 })];
  await pass(7000);
  expect(desk.view.get().products?.[0]?.persistedPurchases).toBe(13);
});

test('a product made elsewhere comes, and one deleted elsewhere goes', async () => {
  shelf = numbered(1);
  streams.name(sale({ sku: 'P-0' }));
  const desk = await open();
  shelf = [product({ sku: 'NEW' }), ...shelf];
  streams.last.emit('initial', sale({ sku: 'NEW' }));
  await pass(1500);
  expect(skus(desk)).toEqual(['NEW', 'P-0']);
  shelf = shelf.slice(0, 1);
  streams.last.emit('deleted', { sku: 'P-0', version: 15 });
  await settle();
  expect(skus(desk)).toEqual(['NEW']);
});

test('a list that was asked for before a deletion does not bring the product back', async () => {
  shelf = numbered(2);
  const desk = await open();
  const reading = desk.read();
  desk.drop('P-0');
  shelf = shelf.slice(1);
  await reading;
  expect(skus(desk)).toEqual(['P-1']);
});

test('a new product stands first', async () => {
  shelf = numbered(1);
  const desk = await open();
  desk.put(product({ sku: 'NEW' }));
  expect(skus(desk)).toEqual(['NEW', 'P-0']);
});

test('without its stream the list is read every few seconds, and says that it is not live', async () => {
  shelf = numbered(1);
  const desk = await open();
  streams.breakOff();
  streams.last.drop();
  await settle();
  expect(desk.view.get().link).toBe('lost');
  const before = asked.length;
  await pass(14_000);
  expect(asked.length - before).toBeGreaterThanOrEqual(2);
});

test('a list that cannot be read is tried again by itself, and keeps what it shows', async () => {
  shelf = numbered(1);
  const desk = await open();
  server.use(http.get(PRODUCTS, () => failure(503, 'SERVICE_UNAVAILABLE'), { once: true }));
  await desk.read();
  expect(desk.view.get().trouble?.name).toBe('busy');
  expect(skus(desk)).toEqual(['P-0']);
  await pass(2500);
  expect(desk.view.get().trouble).toBeNull();
});

async function turn(visibility: 'hidden' | 'visible') {
  vi.spyOn(document, 'visibilityState', 'get').mockReturnValue(visibility);
  document.dispatchEvent(new Event('visibilitychange'));
  await settle();
}

test('a list that nobody looks at lets its connection go after a minute, and is read again on return', async () => {
  shelf = [product({ sku: 'P-0', totalPurchases: 13, persistedPurchases: 4 })];
  const desk = await open();
  await turn('hidden');
  await pass(61_000, 1000);
  expect([streams.last.closed, desk.view.get().link]).toEqual([true, 'connecting']);
  const before = [asked.length, streams.urls.length];
  await pass(120_000, 1000);
  expect([asked.length, streams.urls.length]).toEqual(before);
  shelf = numbered(2);
  await turn('visible');
  expect(skus(desk)).toEqual(['P-0', 'P-1']);
  expect([desk.view.get().link, streams.last.closed]).toEqual(['live', false]);
});

test('a key that is refused ends the session', async () => {
  server.use(http.get(PRODUCTS, () => failure(401, 'UNAUTHORIZED')));
  await open();
  expect(adminSession.get()).toEqual({ key: null, expired: true });
});
