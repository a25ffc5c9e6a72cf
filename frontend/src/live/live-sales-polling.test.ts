import { HttpResponse, http } from 'msw';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { status } from '../test/fake-status';
import { streams } from '../test/fake-stream';
import { follow, stopFollowing } from '../test/follow-sales';
import { gaps, luckIs, momentsOf, reads } from '../test/moments';
import { server } from '../test/server';
import { holdTime, pass } from '../test/time';
import { settle } from '../test/until';
import { sale, serverClock } from '../test/wire-answers';

const SKU = 'WIDGET-001';

beforeEach(() => {
  holdTime();
  streams.name(sale());
});
afterEach(stopFollowing);

test('a stream that stays away for 30 s is replaced by reads, until it is back', async () => {
  luckIs(1);
  const { view } = await follow();
  await pass(10_000);
  streams.last.beat();
  await settle();
  streams.breakOff();
  streams.last.drop();
  status.tell(sale({ stock: 12, version: 30 }));
  expect(await momentsOf(reads, 29)).toEqual([]);
  expect(view().link).toBe('lost');
  expect(gaps(await momentsOf(reads, 16)).map(Math.round)).toEqual([1, 5, 5, 5]);
  expect(view()).toMatchObject({ link: 'polling', asOfMs: Date.now() });
  expect(view().sales?.get(SKU)?.stock).toBe(12);
  streams.name(sale({ stock: 11, version: 31 }));
  await pass(20_000);
  expect(view().link).toBe('live');
  const before = reads();
  streams.last.beat();
  await pass(20_000);
  expect(reads()).toBe(before);
});

test.each([
  [0, 2],
  [1, 5],
])('with luck %d reads in place of the stream come every %d s', async (luck, seconds) => {
  luckIs(luck);
  streams.refuse(503);
  status.tell(sale());
  await follow();
  await pass(1500);
  const waits = gaps(await momentsOf(reads, 40)).slice(1);
  expect(new Set(waits)).toEqual(new Set([seconds]));
});

test('where no stream is to be had, reads begin at once', async () => {
  streams.refuse(403);
  status.tell(sale({ stock: 40 }));
  const { view } = await follow(SKU);
  await pass(1500);
  expect(status.reads).toEqual(['/api/v1/sales?sku=WIDGET-001']);
  expect(view()).toMatchObject({ link: 'polling', unreachable: false });
  status.tell(sale({ stock: 39, version: 15 }));
  await pass(5000);
  expect(view().sales?.get(SKU)?.stock).toBe(39);
});

test('a stream that is refused later is replaced by reads too', async () => {
  const { view } = await follow();
  streams.refuse(503);
  status.tell(sale({ stock: 3, version: 40 }));
  streams.last.drop();
  await pass(11_000);
  expect(view()).toMatchObject({ link: 'polling' });
  expect(view().sales?.get(SKU)?.stock).toBe(3);
});

test('a refusal stands while later tries break, until a stream is open again', async () => {
  luckIs(1);
  streams.refuse(503);
  status.tell(sale());
  const { view } = await follow();
  await pass(1500);
  streams.breakOff();
  expect(gaps(await momentsOf(reads, 22)).slice(1)).toEqual([5, 5, 5]);
  streams.name(sale());
  await pass(12_000);
  expect(view().link).toBe('live');
  streams.last.beat();
  await settle();
  streams.breakOff();
  streams.last.drop();
  expect(await momentsOf(reads, 29)).toEqual([]);
});

test('what reads tell sets the clock, and once they fail the page says that it is lost', async () => {
  serverClock.aheadMs = 90_000;
  streams.refuse(503);
  status.tell(sale());
  const { view } = await follow();
  await pass(1500);
  expect(view()).toMatchObject({ link: 'polling', offsetMs: 90_000 });
  const asOfMs = view().asOfMs;
  status.breakOff();
  await pass(6000);
  expect(view()).toMatchObject({ link: 'lost', unreachable: false });
  expect(view().asOfMs - asOfMs).toBeLessThan(6000);
});

test('a stream that a proxy keeps back says nothing, and the page reads', async () => {
  streams.holdBack();
  status.tell(sale());
  const { view, skus } = await follow(SKU);
  await pass(2500);
  expect([skus(), view().link]).toEqual([null, 'connecting']);
  await pass(4000);
  expect(skus()).toEqual([SKU]);
  expect(view().link).toBe('lost');
  await pass(60_000);
  expect(view().link).toBe('polling');
  const before = reads();
  await pass(20_000);
  expect(reads()).toBeGreaterThanOrEqual(before + 4);
});

test('reads in place of the stream never show what is older', async () => {
  streams.name(sale({ stock: 20, version: 30, state: 'ACTIVE' }));
  const { view } = await follow();
  streams.refuse(503);
  status.tell(sale({ stock: 60, version: 29 }));
  streams.last.drop();
  await pass(15_000);
  expect(view().link).toBe('polling');
  expect(view().sales?.get(SKU)).toMatchObject({ stock: 20, version: 30 });
  status.tell(sale({ stock: 19, version: 30, state: 'UPCOMING' }));
  await pass(6000);
  expect(view().sales?.get(SKU)?.state).toBe('ACTIVE');
});

test('reads that fail come less and less often, and no sooner than they are asked', async () => {
  luckIs(1);
  streams.refuse(503);
  status.breakOff();
  const { view } = await follow();
  const waits = gaps(await momentsOf(reads, 90));
  expect(waits.map(Math.round).slice(0, 6)).toEqual([1, 1, 2, 4, 8, 15]);
  expect(view()).toMatchObject({ link: 'lost', unreachable: true });
  status.refuse(503, 40);
  await pass(20_000);
  const asked = reads();
  await pass(35_000);
  expect(reads()).toBe(asked);
  status.tell(sale());
  await pass(60_000);
  expect(view()).toMatchObject({ link: 'polling', unreachable: false });
});

test('streams that fail quickly do not put reads off', async () => {
  luckIs(1);
  streams.refuse(503);
  status.tell(sale());
  await follow();
  const waits = gaps(await momentsOf(reads, 30));
  expect(waits).toEqual([1, 5, 5, 5, 5, 5]);
});

test.each([null, SKU])('a proxy that knows no streams is no word on what exists (sku %s)', async (sku) => {
  streams.refuse(404);
  status.tell(sale());
  const { skus } = await follow(sku);
  await pass(1500);
  expect(skus()).toEqual([SKU]);
});

test('a page in place of a stream is no stream', async () => {
  server.use(http.get('*/api/v1/sales/events', () => HttpResponse.html('<h1>Log in</h1>')));
  status.tell(sale());
  const { view } = await follow();
  await pass(1500);
  expect(view().link).toBe('polling');
});

test('a shop out of reach is said to be so, and is reached later', async () => {
  streams.breakOff();
  status.breakOff();
  const { view, skus } = await follow();
  await pass(1500);
  expect([view().unreachable, skus()]).toEqual([true, null]);
  streams.name(sale());
  await pass(30_000);
  expect(view()).toMatchObject({ unreachable: false, link: 'live' });
});

test('an answer that comes after the stream is back changes nothing', async () => {
  luckIs(0);
  const { view } = await follow();
  streams.refuse(503);
  const release = status.hold();
  streams.last.drop();
  await pass(11_000);
  expect(reads()).toBe(1);
  streams.name(sale({ stock: 50, version: 20 }));
  await pass(10_000);
  expect(view().link).toBe('live');
  release();
  await settle();
  expect(view().sales?.get(SKU)?.stock).toBe(50);
});

test('an answer that comes after the page has gone changes nothing and asks for nothing more', async () => {
  streams.refuse(503);
  const release = status.hold();
  const { view, stop } = await follow();
  await pass(1500);
  expect(reads()).toBe(1);
  stop();
  const shown = view();
  release();
  await settle();
  expect(view()).toBe(shown);
  expect(vi.getTimerCount()).toBe(0);
});
