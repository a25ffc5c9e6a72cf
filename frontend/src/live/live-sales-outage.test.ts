import { http } from 'msw';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { streams } from '../test/fake-stream';
import { follow, stopFollowing } from '../test/follow-sales';
import { gaps, luckIs, momentsOf, openings, reads } from '../test/moments';
import { server } from '../test/server';
import { holdTime, pass } from '../test/time';
import { settle } from '../test/until';
import { sale } from '../test/wire-answers';

const SKU = 'WIDGET-001';

beforeEach(() => {
  holdTime();
  streams.name(sale());
});
afterEach(stopFollowing);

test.each([
  [0, 2],
  [0.5, 3.5],
  [1, 5],
])('with luck %d a broken stream is opened again after %d s', async (luck, seconds) => {
  luckIs(luck);
  const { view } = await follow();
  streams.last.drop();
  await settle();
  expect(view().link).toBe('lost');
  expect(await momentsOf(openings, 10)).toEqual([seconds]);
  expect(view().link).toBe('live');
  expect(reads()).toBe(0);
});

test('a refused stream is opened again no sooner than it was asked, and spread over as long', async () => {
  luckIs(0);
  streams.refuse(503, 20);
  await follow();
  const [early] = await momentsOf(openings, 60);
  stopFollowing();
  luckIs(1);
  await follow();
  const [late] = await momentsOf(openings, 60);
  expect([early, late]).toEqual([25, 40]);
});

test('the server says how long its clients wait at least', async () => {
  luckIs(0);
  await follow();
  streams.last.send('retry: 9000\n\n');
  await settle();
  streams.last.drop();
  expect(await momentsOf(openings, 30)).toEqual([11.25]);
});

test('a server that wants no wait at all gets no storm', async () => {
  luckIs(0);
  await follow();
  streams.last.send('retry: 0\n\n');
  await settle();
  streams.last.drop();
  expect(await momentsOf(openings, 10)).toEqual([2]);
});

test('a wait beyond all measure is not taken at its word, and not forgotten either', async () => {
  streams.refuse(503, 9_000_000);
  await follow();
  await pass(9 * 60_000, 10_000);
  expect(openings()).toBe(1);
  await pass(12 * 60_000, 10_000);
  expect(openings()).toBe(2);
});

test('a stream without even a heartbeat for 30 s is dead, and opened again', async () => {
  const { view } = await follow();
  await pass(29_000);
  expect(view().link).toBe('live');
  await pass(2000);
  expect(view().link).not.toBe('live');
  expect(streams.last.closed).toBe(true);
  await pass(6000);
  expect([view().link, openings()]).toEqual(['live', 2]);
});

test('a stream that is cut as soon as it has spoken is opened less and less often', async () => {
  luckIs(1);
  const original = streams.handler;
  server.use(
    http.get('*/api/v1/sales/events', async (info) => {
      const answered = await original.run({ request: info.request, requestId: info.requestId });
      setTimeout(() => streams.last.drop(), 500);
      return answered?.response;
    }),
  );
  await follow();
  const waits = gaps(await momentsOf(openings, 70)).slice(0, 5);
  expect(waits.map(Math.round)).toEqual([6, 10, 12, 12, 12]);
});

test('a stream that stood for a while is opened again as soon as the first time', async () => {
  luckIs(0);
  await follow();
  for (let drops = 0; drops < 3; drops++) {
    await pass(15_000);
    streams.last.beat();
    await settle();
    streams.last.drop();
    expect(await momentsOf(openings, 5)).toEqual([2]);
  }
});

test('an unknown sale is missing, and is looked for every 10 to 20 s', async () => {
  luckIs(0);
  const { view, skus } = await follow('NO-SUCH');
  expect(skus()).toEqual([]);
  expect(view().link).toBe('connecting');
  expect(await momentsOf(openings, 25)).toEqual([10, 20]);
  luckIs(1);
  await pass(10_000);
  const [moment] = await momentsOf(openings, 25);
  expect(moment).toBe(15);
  expect(reads()).toBe(0);
  streams.name(sale({ sku: 'NO-SUCH' }));
  await pass(20_000);
  expect(skus()).toEqual(['NO-SUCH']);
  expect(view().link).toBe('live');
});

test('a sale that is deleted under the eyes of the reader is missing, and may come again', async () => {
  const { skus } = await follow(SKU);
  streams.last.emit('deleted', { sku: SKU, version: 15 });
  streams.name();
  await settle();
  streams.last.drop();
  await settle();
  expect(skus()).toEqual([]);
  await pass(10_000);
  expect(reads()).toBe(0);
  streams.name(sale({ version: 16 }));
  await pass(20_000);
  expect(skus()).toEqual([SKU]);
});
