import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { status } from '../test/fake-status';
import { streams } from '../test/fake-stream';
import { follow, stopFollowing } from '../test/follow-sales';
import { holdTime, moveClock, pass } from '../test/time';
import { settle } from '../test/until';
import { sale, serverClock } from '../test/wire-answers';

beforeEach(() => {
  holdTime();
  streams.name(sale());
});

afterEach(() => {
  stopFollowing();
  vi.restoreAllMocks();
});

async function turn(visibility: 'hidden' | 'visible') {
  vi.spyOn(document, 'visibilityState', 'get').mockReturnValue(visibility);
  document.dispatchEvent(new Event('visibilitychange'));
  await settle();
}

async function network(event: 'online' | 'offline') {
  vi.spyOn(navigator, 'onLine', 'get').mockReturnValue(event === 'online');
  dispatchEvent(new Event(event));
  await settle();
}

const HOUR_MS = 3_600_000;

/** Nobody looks for a little more than a minute, and the stream is alive all the while. */
async function lookAway() {
  await turn('hidden');
  for (let beats = 0; beats < 4; beats++) {
    await pass(14_500);
    streams.last.beat();
  }
  await pass(3000);
  expect(streams.last.closed).toBe(true);
}

test('a page that nobody looks at lets its connection go after a minute, and asks for nothing', async () => {
  await follow();
  await turn('hidden');
  for (let beats = 0; beats < 3; beats++) {
    await pass(15_000);
    streams.last.beat();
  }
  await pass(14_000);
  expect(streams.last.closed).toBe(false);
  await pass(2000);
  expect(streams.last.closed).toBe(true);
  await pass(600_000);
  expect([streams.urls.length, status.reads]).toEqual([1, []]);
});

test('who comes back a moment after the connection was let go gets it back', async () => {
  const { view } = await follow();
  await lookAway();
  streams.name(sale({ stock: 3, version: 50 }));
  await turn('visible');
  expect(streams.urls).toHaveLength(2);
  expect(view().link).toBe('live');
  expect(view().sales?.get('WIDGET-001')?.stock).toBe(3);
});

test('who comes back to a stream that does not come is told by a read', async () => {
  const { view } = await follow();
  await lookAway();
  streams.holdBack();
  status.tell(sale({ stock: 2, version: 60 }));
  status.reads = [];
  await turn('visible');
  await pass(4000);
  expect(status.reads).toEqual([]);
  await pass(1000);
  expect(view().sales?.get('WIDGET-001')?.stock).toBe(2);
});

test('who looks away for less than a minute keeps the connection', async () => {
  await follow();
  await turn('hidden');
  await pass(10_000);
  await turn('visible');
  await pass(15_000);
  streams.last.beat();
  await pass(15_000);
  streams.last.beat();
  await pass(25_000);
  expect([streams.last.closed, streams.urls.length]).toEqual([false, 1]);
});

test('a page that was opened behind another one lets its connection go too', async () => {
  vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('hidden');
  await follow();
  await pass(15_000);
  streams.last.beat();
  await pass(15_000);
  streams.last.beat();
  await pass(15_000);
  streams.last.beat();
  await pass(16_000);
  expect(streams.last.closed).toBe(true);
  await turn('visible');
  expect(streams.urls).toHaveLength(2);
});

test('reads in place of the stream stop with the rest once nobody looks, the one under way too', async () => {
  streams.refuse(503);
  status.tell(sale());
  await follow();
  await pass(10_000);
  const release = status.hold();
  await turn('hidden');
  await pass(61_000);
  const before = status.reads.length;
  release();
  await pass(60_000);
  expect(status.reads.length).toBe(before);
});

test('a network that comes back does not wake a page that nobody looks at', async () => {
  await follow();
  await turn('hidden');
  await pass(70_000);
  const before = streams.urls.length;
  await network('offline');
  await network('online');
  await pass(60_000);
  expect(streams.urls.length).toBe(before);
});

test.each(['with the page in view', 'behind a closed lid'])(
  'after a sleep %s the stream is opened at once',
  async (how) => {
    const { view } = await follow();
    if (how === 'behind a closed lid') await turn('hidden');
    moveClock(3 * HOUR_MS);
    serverClock.aheadMs = 500;
    if (how === 'behind a closed lid') await turn('visible');
    await pass(1500);
    expect(streams.urls).toHaveLength(2);
    expect(streams.opened[0]?.closed).toBe(true);
    expect(view()).toMatchObject({ link: 'live', offsetMs: 500 });
  },
);

test('a sleep that the connection died before does not make its end wait longer', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(1);
  await follow();
  streams.breakOff();
  streams.last.drop();
  await pass(25_000);
  streams.name(sale());
  const before = streams.urls.length;
  moveClock(HOUR_MS);
  await pass(1500);
  expect(streams.urls.length).toBe(before + 1);
  await pass(20_000);
  expect(streams.urls.length).toBe(before + 1);
});

test('a clock that is put back is put right by the server', async () => {
  const { view } = await follow();
  moveClock(-HOUR_MS);
  serverClock.aheadMs = HOUR_MS;
  await pass(1500);
  expect(streams.urls).toHaveLength(2);
  expect(view().offsetMs).toBe(HOUR_MS);
});

test('a clock that is put back while the stream is away puts no read off', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(1);
  status.tell(sale());
  await follow();
  streams.breakOff();
  moveClock(-HOUR_MS);
  await pass(30_000);
  const before = status.reads.length;
  await pass(20_000);
  expect(status.reads.length).toBe(before + 4);
});

test('a device without a network says so, and opens the stream at once when it has one again', async () => {
  const { view } = await follow();
  streams.breakOff();
  status.breakOff();
  await network('offline');
  expect(view()).toMatchObject({ link: 'offline', asOfMs: Date.now() });
  await pass(40_000);
  expect(view().link).toBe('offline');
  streams.name(sale());
  const before = streams.urls.length;
  await network('online');
  expect(streams.urls.length).toBe(before + 1);
  expect(view().link).toBe('live');
});

test('a device that comes back online does not wait out the failures of before', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(1);
  await follow();
  streams.breakOff();
  status.breakOff();
  await network('offline');
  await pass(120_000);
  streams.holdBack();
  status.tell(sale());
  await network('online');
  const before = status.reads.length;
  await pass(5500);
  expect(status.reads.length).toBe(before + 1);
});

test('a device that believes itself offline believes the stream more', async () => {
  const { view } = await follow();
  await network('offline');
  expect(view().link).toBe('live');
  stopFollowing();
  const { view: anew } = await follow();
  expect(anew().link).toBe('live');
});
