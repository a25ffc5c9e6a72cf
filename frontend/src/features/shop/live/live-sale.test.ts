import { HttpResponse, http } from 'msw';
import { beforeEach, expect, test, vi } from 'vitest';
import type { SaleStatus } from '../../../api/wire';
import { FakeEventSource } from '../../../test/fake-event-source';
import { server } from '../../../test/server';
import { holdsNothing, SALES, sale, success } from '../../../test/wire-answers';
import { LiveSale } from './live-sale';

let reads = 0;
let current: SaleStatus | null;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  reads = 0;
  current = sale();
  server.use(
    http.get(SALES, () => {
      reads++;
      return current ? success(current) : holdsNothing();
    }),
  );
});

async function follow(wanted: string | null = null) {
  const live = new LiveSale(wanted);
  const stop = live.start();
  await vi.waitFor(() => expect(live.view.get().sale ?? live.view.get().missing).toBeTruthy());
  return { live, stop, view: () => live.view.get() };
}

const readsReach = (count: number) => vi.waitFor(() => expect(reads).toBe(count), { interval: 1 });

test('a page reads once and then follows the stream of the featured sale', async () => {
  const { view, stop } = await follow();
  expect(FakeEventSource.last.url).toBe('/api/v1/sales/events?sku=WIDGET-001');
  FakeEventSource.last.open();
  FakeEventSource.last.emit('initial', sale({ stock: 60, version: 20 }));
  FakeEventSource.last.emit('stock-update', { sku: 'WIDGET-001', stock: 59, version: 21 });
  FakeEventSource.last.emit('stock-update', { sku: 'WIDGET-001', stock: 70, version: 19 });
  expect(view()).toMatchObject({ link: 'live', sale: { stock: 59, version: 21 } });
  expect(reads).toBe(1);
  stop();
});

test('the countdown runs by the clock of the server', async () => {
  const { view, stop } = await follow();
  FakeEventSource.last.emit('initial', sale({ serverTime: new Date(Date.now() + 90_000).toISOString() }));
  expect(view().offsetMs).toBe(90_000);
  stop();
});

test('the start is told by the stream and read by nobody', async () => {
  current = sale({ state: 'UPCOMING', startTime: new Date(Date.now() + 2000).toISOString() });
  const { view, stop } = await follow();
  FakeEventSource.last.open();
  await vi.advanceTimersByTimeAsync(2100);
  expect(view().sale?.state).toBe('UPCOMING');
  FakeEventSource.last.emit('state-change', {
    sku: 'WIDGET-001',
    state: 'ACTIVE',
    paused: false,
    version: 14,
  });
  expect(view().sale?.state).toBe('ACTIVE');
  await vi.advanceTimersByTimeAsync(20_000);
  expect(reads).toBe(1);
  stop();
});

test('a dropped connection is shown and healed by the browser', async () => {
  const { view, stop } = await follow();
  FakeEventSource.last.open();
  FakeEventSource.last.drop();
  expect(view().link).toBe('lost');
  FakeEventSource.last.open();
  expect(view().link).toBe('live');
  expect(FakeEventSource.made).toHaveLength(1);
  stop();
});

test('a refused stream is opened again, since the browser has given up', async () => {
  const { stop } = await follow();
  FakeEventSource.last.refuse();
  await vi.advanceTimersByTimeAsync(1000);
  expect(FakeEventSource.made).toHaveLength(2);
  FakeEventSource.last.refuse();
  await vi.advanceTimersByTimeAsync(2000);
  expect(FakeEventSource.made).toHaveLength(3);
  stop();
});

test('a stream that stays away for 30 s is replaced by polling', async () => {
  const { view, stop } = await follow();
  FakeEventSource.last.open();
  FakeEventSource.last.drop();
  current = sale({ stock: 12, version: 30 });
  await vi.advanceTimersByTimeAsync(29_000);
  expect(reads).toBe(1);
  await vi.advanceTimersByTimeAsync(1001);
  await readsReach(2);
  await vi.waitFor(() => expect(view()).toMatchObject({ link: 'polling', sale: { stock: 12 } }), {
    interval: 1,
  });
  await vi.advanceTimersByTimeAsync(5000);
  await vi.waitFor(() => expect(reads).toBeGreaterThan(2));
  FakeEventSource.last.open();
  expect(view().link).toBe('live');
  stop();
});

test('a stream that keeps silent about what a read shows is opened anew', async () => {
  const { stop } = await follow();
  FakeEventSource.last.open();
  current = sale({ stock: 1, version: 99 });
  await vi.advanceTimersByTimeAsync(45_000);
  await readsReach(2);
  await vi.advanceTimersByTimeAsync(3500);
  expect(FakeEventSource.made).toHaveLength(2);
  stop();
});

test('a silent stream of a quiet sale is left alone', async () => {
  const { stop } = await follow();
  FakeEventSource.last.open();
  await vi.advanceTimersByTimeAsync(45_000);
  await readsReach(2);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(FakeEventSource.made).toHaveLength(1);
  stop();
});

test('a deleted sale gives way to the next featured one', async () => {
  const { view, stop } = await follow();
  current = sale({ sku: 'GADGET-2' });
  FakeEventSource.last.emit('deleted', { sku: 'WIDGET-001' });
  expect(view()).toMatchObject({ sale: null, missing: true });
  await vi.advanceTimersByTimeAsync(2000);
  await vi.waitFor(() => expect(view().sale?.sku).toBe('GADGET-2'));
  stop();
});

test('an unknown sale is missing', async () => {
  current = null;
  const { view, stop } = await follow('NO-SUCH');
  expect(view()).toMatchObject({ sale: null, missing: true });
  expect(FakeEventSource.made).toHaveLength(0);
  stop();
});

test('a shop out of reach is tried again', async () => {
  server.use(http.get(SALES, () => HttpResponse.error(), { once: true }));
  const live = new LiveSale(null);
  const stop = live.start();
  await vi.waitFor(() => expect(live.view.get().unreachable).toBe(true));
  await vi.advanceTimersByTimeAsync(2000);
  await vi.waitFor(() => expect(live.view.get()).toMatchObject({ unreachable: false, sale: { stock: 87 } }));
  stop();
});

test('a device that comes back online opens the stream at once', async () => {
  const { view, stop } = await follow();
  FakeEventSource.last.open();
  dispatchEvent(new Event('offline'));
  expect(view().link).toBe('offline');
  dispatchEvent(new Event('online'));
  expect(FakeEventSource.made).toHaveLength(2);
  FakeEventSource.last.open();
  expect(view().link).toBe('live');
  stop();
});
