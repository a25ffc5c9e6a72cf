import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { status } from '../test/fake-status';
import { streams } from '../test/fake-stream';
import { follow, stopFollowing } from '../test/follow-sales';
import { holdTime, pass } from '../test/time';
import { settle } from '../test/until';
import { sale, serverClock } from '../test/wire-answers';

const widget = (change = {}) => sale({ sku: 'WIDGET-001', ...change });
const gadget = (change = {}) => sale({ sku: 'GADGET-2', ...change });

beforeEach(holdTime);
afterEach(stopFollowing);

test('all sales are told by one stream, and none is read', async () => {
  streams.name(widget(), gadget());
  const { view, skus } = await follow();
  expect(streams.urls).toEqual(['/api/v1/sales/events']);
  expect(skus()).toEqual(['WIDGET-001', 'GADGET-2']);
  streams.last.emit('stock-update', { sku: 'GADGET-2', stock: 59, version: 21 });
  await pass(20_000);
  expect(view()).toMatchObject({ link: 'live', unreachable: false });
  expect(view().sales?.get('GADGET-2')?.stock).toBe(59);
  expect(status.reads).toEqual([]);
  expect(streams.urls).toHaveLength(1);
});

test('the page of one sale asks for that sale alone', async () => {
  streams.name(widget(), gadget());
  const { skus } = await follow('GADGET-2');
  expect(streams.urls).toEqual(['/api/v1/sales/events?sku=GADGET-2']);
  expect(skus()).toEqual(['GADGET-2']);
});

test('what is older than what is shown changes nothing', async () => {
  streams.name(widget({ stock: 60, version: 20 }));
  const { view } = await follow('WIDGET-001');
  streams.last.emit('stock-update', { sku: 'WIDGET-001', stock: 70, version: 19 });
  const before = { sku: 'WIDGET-001', state: 'UPCOMING', paused: true, version: 19 };
  streams.last.emit('state-change', before);
  await settle();
  expect(view().sales?.get('WIDGET-001')).toMatchObject({ stock: 60, state: 'ACTIVE', version: 20 });
});

test('a sale that comes appears, and one that is deleted goes', async () => {
  streams.name(widget());
  const { skus } = await follow();
  streams.last.emit('initial', gadget());
  await settle();
  expect(skus()).toEqual(['WIDGET-001', 'GADGET-2']);
  streams.last.emit('deleted', { sku: 'WIDGET-001', version: 15 });
  await settle();
  expect(skus()).toEqual(['GADGET-2']);
  await pass(5000);
  expect(skus()).toEqual(['GADGET-2']);
});

test('an empty shop is empty once its stream has named nothing', async () => {
  const { view, skus } = await follow();
  expect(skus()).toBeNull();
  await pass(3000);
  expect(skus()).toEqual([]);
  streams.last.emit('initial', widget());
  await settle();
  expect(skus()).toEqual(['WIDGET-001']);
  expect(view().link).toBe('live');
  expect(status.reads).toEqual([]);
});

test('a stream that names its sales slowly has named them all in the end', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(1);
  streams.name(widget(), gadget());
  const { skus } = await follow();
  streams.name();
  streams.last.drop();
  await pass(5000);
  expect(streams.opened).toHaveLength(2);
  streams.last.send('event: initial\ndata: ');
  await pass(1500);
  streams.last.send(`${JSON.stringify(gadget())}\n\n`);
  await pass(1500);
  streams.last.emit('initial', widget());
  await settle();
  expect(skus()).toEqual(['WIDGET-001', 'GADGET-2']);
  await pass(5000);
  expect(skus()).toEqual(['WIDGET-001', 'GADGET-2']);
});

test('what a reopened stream does not name is gone', async () => {
  streams.name(widget(), gadget());
  const { skus } = await follow();
  streams.name(gadget());
  streams.last.drop();
  await pass(5000);
  expect(streams.opened).toHaveLength(2);
  await pass(3000);
  expect(skus()).toEqual(['GADGET-2']);
});

test('what a reopened stream does not name is gone, however busy the shop is', async () => {
  streams.name(widget(), gadget());
  const { skus } = await follow();
  streams.name(gadget());
  streams.last.drop();
  await pass(5000);
  expect(streams.opened).toHaveLength(2);
  for (let version = 15; version < 25; version++) {
    await pass(500);
    streams.last.emit('stock-update', { sku: 'GADGET-2', stock: 87 - version, version });
    streams.last.beat();
  }
  await settle();
  expect(skus()).toEqual(['GADGET-2']);
});

test('the first word of a reopened stream holds, whatever was shown', async () => {
  streams.name(widget({ stock: 50, version: 20 }));
  const { view } = await follow('WIDGET-001');
  streams.name(widget({ stock: 30, version: 22, productName: 'Renamed' }));
  streams.last.drop();
  await pass(5000);
  expect(view().sales?.get('WIDGET-001')).toMatchObject({ stock: 30, productName: 'Renamed' });
});

test('the start and the end of a sale are told by the stream, and no page asks for anything', async () => {
  const startTime = new Date(Date.now() + 2000).toISOString();
  const endTime = new Date(Date.now() + 10_000).toISOString();
  streams.name(widget({ state: 'UPCOMING', startTime, endTime }));
  const { view } = await follow();
  const shown = () => view().sales?.get('WIDGET-001');
  await pass(2500);
  expect(shown()?.state).toBe('UPCOMING');
  streams.last.emit('state-change', { sku: 'WIDGET-001', state: 'ACTIVE', paused: false, version: 14 });
  await pass(8500);
  expect(shown()?.state).toBe('ACTIVE');
  const end = { sku: 'WIDGET-001', state: 'ENDED', reason: 'TIME_EXPIRED', paused: false, version: 14 };
  streams.last.emit('state-change', end);
  await pass(10_000);
  expect(shown()).toMatchObject({ state: 'ENDED', endReason: 'TIME_EXPIRED' });
  expect([status.reads, streams.urls.length]).toEqual([[], 1]);
});

test('heartbeats alone keep a quiet stream open for hours, without one read', async () => {
  streams.name(widget());
  const { view } = await follow();
  for (let beats = 0; beats < 2 * 60 * 4; beats++) {
    await pass(15_000, 15_000);
    streams.last.beat();
    await settle();
  }
  expect(view().link).toBe('live');
  expect([status.reads, streams.urls.length]).toEqual([[], 1]);
});

test('the clock is that of the server', async () => {
  serverClock.aheadMs = 90_000;
  streams.name(widget());
  const { view } = await follow();
  expect(view().offsetMs).toBe(90_000);
});

test('nothing is left when a page goes, whatever it was waiting for', async () => {
  streams.name(widget());
  const { stop } = await follow();
  stop();
  await settle();
  expect([streams.last.closed, vi.getTimerCount()]).toEqual([true, 0]);
  streams.breakOff();
  const lost = await follow();
  lost.stop();
  expect(vi.getTimerCount()).toBe(0);
});

test('a page that is left and shown again at once has one stream', async () => {
  streams.name(widget());
  const first = await follow();
  first.stop();
  const { view } = await follow();
  expect(streams.opened.map(({ closed }) => closed)).toEqual([true, false]);
  expect(view().link).toBe('live');
});
