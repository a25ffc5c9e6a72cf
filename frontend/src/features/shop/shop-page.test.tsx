import { act, screen, within } from '@testing-library/react';
import { beforeEach, expect, test, vi } from 'vitest';
import { status } from '../../test/fake-status';
import { streams } from '../../test/fake-stream';
import { openPage } from '../../test/open-page';
import { holdTime, pass } from '../../test/time';
import { settle } from '../../test/until';
import { purchase, sale } from '../../test/wire-answers';
import { recordPurchases } from './buying/purchase-records';

const MINUTE_MS = 60_000;
const at = (inMs: number) => new Date(Date.now() + inMs).toISOString();

const live = (sku: string, endsInMs = MINUTE_MS, more = {}) =>
  sale({ sku, productName: `Product ${sku}`, endTime: at(endsInMs), ...more });
const soon = (sku: string, startsInMs = MINUTE_MS) =>
  live(sku, 60 * MINUTE_MS, { state: 'UPCOMING', startTime: at(startsInMs), stock: 100 });
const over = (sku: string, endedMsAgo = MINUTE_MS, more = {}) =>
  live(sku, -endedMsAgo, { state: 'ENDED', endReason: 'TIME_EXPIRED', stock: 40, ...more });

beforeEach(holdTime);

async function open() {
  openPage('/');
  await act(settle);
}

const passed = (ms: number) => act(() => pass(ms));

const tile = (sku: string) => screen.getByTestId(`tile-${sku}`);
const stockOf = (sku: string) => within(tile(sku)).getByTestId('tile-stock');
const skusIn = (name: string) =>
  within(screen.getByRole('region', { name }))
    .getAllByRole('article')
    .map((article) => article.dataset.testid);

test('sales stand in groups: what ends first, what starts first, what ended last', async () => {
  streams.name(
    over('OVER-OLD', 90 * MINUTE_MS),
    soon('SOON-LATE', 30 * MINUTE_MS),
    live('LIVE-LATE', 20 * MINUTE_MS),
    over('OVER-NEW', MINUTE_MS),
    live('LIVE-FIRST', 10 * MINUTE_MS),
    soon('SOON-FIRST', 5 * MINUTE_MS),
  );
  await open();
  expect(screen.getAllByRole('region').map((group) => group.getAttribute('aria-label'))).toEqual([
    'On sale now',
    'Coming up',
    'Over',
  ]);
  expect(skusIn('On sale now')).toEqual(['tile-LIVE-FIRST', 'tile-LIVE-LATE']);
  expect(skusIn('Coming up')).toEqual(['tile-SOON-FIRST', 'tile-SOON-LATE']);
  expect(skusIn('Over')).toEqual(['tile-OVER-NEW', 'tile-OVER-OLD']);
  expect(screen.getAllByText('Go to the sale →')).toHaveLength(1);
  expect(within(tile('LIVE-FIRST')).getByText('Go to the sale →')).toBeVisible();
});

test('while nothing is on sale, what comes next stands first, and past sales alone are said to be so', async () => {
  streams.name(soon('SOON-LATE', 9 * MINUTE_MS), soon('SOON-FIRST'), over('OVER-1'));
  await open();
  expect(screen.getAllByRole('article')[0]).toBe(tile('SOON-FIRST'));
  expect(within(tile('SOON-FIRST')).getByText('Go to the sale →')).toBeVisible();
  act(() => streams.last.emit('deleted', { sku: 'SOON-FIRST', version: 15 }));
  act(() => streams.last.emit('deleted', { sku: 'SOON-LATE', version: 15 }));
  await act(settle);
  expect(screen.getByText('Nothing is on sale this minute.')).toBeVisible();
  expect(skusIn('Over')).toEqual(['tile-OVER-1']);
});

test('every tile lives, over one stream', async () => {
  streams.name(live('A'), live('B', 2 * MINUTE_MS), soon('C'));
  await open();
  streams.last.emit('stock-update', { sku: 'A', stock: 60, version: 15 });
  streams.last.emit('stock-update', { sku: 'B', stock: 5, version: 15 });
  streams.last.emit('stock-update', { sku: 'B', stock: 50, version: 14 });
  await act(settle);
  expect(stockOf('A')).toHaveTextContent('60 of 100 left');
  expect(stockOf('B')).toHaveTextContent('5 of 100 left');
  expect(stockOf('C')).toHaveTextContent('100 units');
  streams.last.emit('state-change', { sku: 'C', state: 'ACTIVE', paused: false, version: 14 });
  const end = { sku: 'A', state: 'ENDED', reason: 'SOLD_OUT', paused: false, version: 16 };
  streams.last.emit('stock-update', { sku: 'A', stock: 0, version: 16 });
  streams.last.emit('state-change', end);
  await act(settle);
  expect(skusIn('On sale now')).toEqual(['tile-B', 'tile-C']);
  expect(skusIn('Over')).toEqual(['tile-A']);
  expect(stockOf('A')).toHaveTextContent('100 of 100 sold');
  expect(within(tile('A')).getByText('Sold out')).toBeVisible();
  const kept = streams.opened.filter(({ closed }) => !closed);
  expect([kept.length, new Set(streams.urls)]).toEqual([1, new Set(['/api/v1/sales/events'])]);
  expect(status.reads).toEqual([]);
});

test('a new sale appears by itself, and a deleted one goes', async () => {
  streams.name(live('A'));
  await open();
  streams.last.emit('initial', live('B', MINUTE_MS / 2));
  await act(settle);
  expect(skusIn('On sale now')).toEqual(['tile-B', 'tile-A']);
  streams.last.emit('deleted', { sku: 'A', version: 15 });
  await act(settle);
  expect(skusIn('On sale now')).toEqual(['tile-B']);
});

test('sales that a reopened stream does not name are gone', async () => {
  streams.name(live('A'), live('B'));
  await open();
  streams.name(live('B'));
  streams.last.drop();
  await passed(5000);
  await passed(2500);
  expect(skusIn('On sale now')).toEqual(['tile-B']);
});

test('an empty shop says so, and the first sale ends that', async () => {
  await open();
  expect(screen.queryByText('No sale yet')).toBeNull();
  await passed(2500);
  expect(screen.getByRole('heading', { name: 'No sale yet' })).toBeVisible();
  streams.last.emit('initial', live('A'));
  await act(settle);
  expect(skusIn('On sale now')).toEqual(['tile-A']);
});

test('until the first word there is the shape of what comes, and the way out of reach is told', async () => {
  streams.breakOff();
  status.breakOff();
  await open();
  expect(screen.getByText('Opening the shop…')).toBeInTheDocument();
  await passed(1500);
  expect(screen.getByRole('alert')).toHaveTextContent('The shop cannot be reached');
  streams.name(live('A'));
  await passed(30_000);
  expect(skusIn('On sale now')).toEqual(['tile-A']);
});

test('the countdowns run by the clock of the server', async () => {
  vi.setSystemTime(Date.UTC(2026, 1, 15, 10));
  streams.name(soon('A', 2 * MINUTE_MS), live('B', MINUTE_MS));
  await open();
  const words = () =>
    [tile('A'), tile('B')].map((one) => one.textContent?.match(/(Starts|Ends) in [\d:]+/)?.[0]);
  expect(words()).toEqual(['Starts in 00:02:00', 'Ends in 00:01:00']);
  await passed(10_000);
  expect(words()).toEqual(['Starts in 00:01:50', 'Ends in 00:00:50']);
  const ahead = new Date(Date.now() + 30_000).toISOString();
  streams.last.emit('initial', { ...soon('A', 110_000), serverTime: ahead });
  await act(settle);
  await passed(1000);
  expect(words()).toEqual(['Starts in 00:01:19', 'Ends in 00:00:19']);
});

test('what the buyer holds is marked, and a price stands on its tile', async () => {
  localStorage.setItem('stampede:buyer', 'Ada');
  recordPurchases('A', 'Ada', [purchase()]);
  streams.name(live('A', MINUTE_MS, { priceMinor: 14_900, currency: 'EUR' }), live('B'));
  await open();
  expect(within(tile('A')).getByText(/Yours/)).toBeVisible();
  expect(within(tile('A')).getByText('€149.00')).toBeVisible();
  expect(within(tile('B')).queryByText(/Yours/)).toBeNull();
});

test('a tile leads to its sale', async () => {
  streams.name(live('A'));
  await open();
  expect(within(tile('A')).getByRole('link', { name: 'Product A' })).toHaveAttribute('href', '/sales/A');
});

test('as many sales as one stream carries are shown, and that there may be more', async () => {
  streams.name(...Array.from({ length: 100 }, (_, index) => live(`S-${index}`)));
  await open();
  expect(screen.getAllByRole('article')).toHaveLength(100);
  expect(screen.getByText('The first 100 sales are shown.')).toBeVisible();
});

test('stock that may be old is told to be so', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(1);
  streams.name(live('A'));
  await open();
  streams.breakOff();
  streams.last.drop();
  await passed(2000);
  expect(screen.getByTestId('link-banner')).toHaveTextContent(/^Reconnecting… stock as of \d\d:\d\d:\d\d$/);
  status.tell(live('A', MINUTE_MS, { stock: 3, version: 20 }));
  await passed(38_000);
  expect(screen.getByTestId('link-banner')).toHaveTextContent(/^Live updates are off/);
  expect(stockOf('A')).toHaveTextContent('3 of 100 left');
});
