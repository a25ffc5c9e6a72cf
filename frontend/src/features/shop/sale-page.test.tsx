import { act, fireEvent, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { HttpResponse, http } from 'msw';
import { beforeEach, expect, test, vi } from 'vitest';
import { status } from '../../test/fake-status';
import { streams } from '../../test/fake-stream';
import { openPage } from '../../test/open-page';
import { buyButton, heading, hear, open, openAs, SALE_PATH } from '../../test/open-sale';
import { server } from '../../test/server';
import { holdTime, pass } from '../../test/time';
import { settle } from '../../test/until';
import { bought, failure, holds, holdsNothing, PURCHASES, purchase, sale } from '../../test/wire-answers';
import { language } from '../../texts/language';

beforeEach(() => {
  server.use(
    http.get(PURCHASES, holdsNothing),
    http.post(PURCHASES, () => bought()),
  );
});

test('the stock is told in words, follows the stream and ignores what is older', async () => {
  await open();
  expect(screen.getByRole('meter', { name: /^Stock/ })).toHaveAttribute('aria-valuetext', '87 of 100 left');
  await hear(['stock-update', { stock: 7, version: 20 }], ['stock-update', { stock: 50, version: 19 }]);
  expect(screen.getByTestId('stock')).toHaveTextContent('7 of 100 left');
  expect(screen.getByText(/Almost gone/)).toBeVisible();
  expect(screen.getByTestId('announcer')).toHaveTextContent('Only 7 left.');
});

test('units that come back are told, so that a rising stock is no riddle', async () => {
  await open({ stock: 20, version: 14 });
  await hear(['stock-update', { stock: 30, version: 15 }]);
  expect(screen.getByText(/Units came back/)).toBeVisible();
});

test('without a name nothing is sent and the field asks for it', async () => {
  await open();
  await userEvent.click(await buyButton('Buy now'));
  expect(screen.getByText('Enter your name first.')).toBeVisible();
  expect(screen.getByLabelText('Your name')).toHaveFocus();
});

test('who comes too late is told that nothing was bought', async () => {
  server.use(http.post(PURCHASES, () => failure(200, 'SOLD_OUT')));
  await openAs('Ada');
  await userEvent.click(await buyButton('Buy now'));
  expect(await screen.findByText(/Nothing was bought\./)).toBeVisible();
  expect(await buyButton('Sold out')).toBeVisible();
});

test('the notice of a rejection goes once units came back, and stays while the sale did not move', async () => {
  server.use(http.post(PURCHASES, () => failure(200, 'SOLD_OUT')));
  await openAs('Ada');
  await userEvent.click(await buyButton('Buy now'));
  expect(await screen.findByText(/Nothing was bought\./)).toBeVisible();
  await hear(['stock-update', { stock: 0, version: 90 }]);
  expect(screen.getByText(/Nothing was bought\./)).toBeVisible();
  await hear(['stock-update', { stock: 1, version: 91 }]);
  expect(await buyButton('Buy now')).toBeVisible();
  expect(screen.queryByText(/Nothing was bought\./)).toBeNull();
});

test('a refusal is told in the language of the page, with the words of the server as what they are', async () => {
  language.set('de');
  server.use(http.post(PURCHASES, () => failure(400, 'VALIDATION_ERROR', { fields: { qty: 'too many' } })));
  await openAs('Ada');
  await userEvent.click(await buyButton('Jetzt kaufen'));
  expect(await screen.findByText(/nicht angenommen/)).toBeVisible();
  const quote = screen.getByText('It was VALIDATION_ERROR. qty: too many');
  expect([quote.tagName, quote.lang]).toEqual(['Q', 'en']);
});

test('too fast shows the seconds on the button', async () => {
  server.use(http.post(PURCHASES, () => failure(429, 'RATE_LIMITED', { retryAfter: 60 })));
  await openAs('Ada');
  await userEvent.click(await buyButton('Buy now'));
  expect(await buyButton('Too fast, try again in')).toHaveTextContent(/^Too fast, try again in \d\d s$/);
});

test('a busy shop is shown as busy and the name stays while the attempt is open', async () => {
  server.use(http.post(PURCHASES, () => failure(503, 'SERVICE_UNAVAILABLE', { retryAfter: 60 })));
  await openAs('Ada');
  await userEvent.click(await buyButton('Buy now'));
  expect(await buyButton('Very busy, next try in')).toHaveTextContent(/^Very busy, next try in \d+ s$/);
  expect(screen.getByLabelText('Your name')).toHaveAttribute('readonly');
});

test('an unknown outcome is shown as being checked', async () => {
  server.use(http.post(PURCHASES, () => HttpResponse.error()));
  await openAs('Ada');
  await userEvent.click(await buyButton('Buy now'));
  expect(await buyButton('Checking your order…')).toHaveAttribute('aria-disabled', 'true');
});

test('the button is one element, from before the start to after the end', async () => {
  await open({ state: 'UPCOMING', startTime: new Date(Date.now() + 60_000).toISOString() });
  const button = await buyButton(/^Starts in/);
  await hear(['state-change', { state: 'ACTIVE', paused: false, version: 14 }]);
  expect(await buyButton('Buy now')).toBe(button);
  await hear(['state-change', { state: 'ACTIVE', paused: true, version: 15 }]);
  expect(await buyButton('Paused')).toBe(button);
  await hear(['state-change', { state: 'ENDED', reason: 'SOLD_OUT', paused: false, version: 16 }]);
  expect(await buyButton('Sold out')).toBe(button);
});

test('the start of a sale is no reason to ask anything, for who has a name neither', async () => {
  holdTime();
  vi.setSystemTime(Date.UTC(2026, 1, 15, 10));
  localStorage.setItem('stampede:buyer', 'Ada');
  let asked = 0;
  server.use(
    http.get(PURCHASES, () => {
      asked++;
      return holdsNothing();
    }),
  );
  streams.name(sale({ state: 'UPCOMING', startTime: new Date(Date.now() + 5000).toISOString() }));
  openPage(SALE_PATH);
  await act(() => pass(4500));
  const before = [asked, streams.urls.length, status.reads.length];
  await act(() => pass(500));
  expect(screen.getByRole('button', { name: 'Starting…' })).toHaveAttribute('aria-disabled', 'true');
  await hear(['state-change', { state: 'ACTIVE', paused: false, version: 14 }]);
  await act(() => pass(5000));
  expect(screen.getByRole('button', { name: 'Buy now' })).toHaveAttribute('aria-disabled', 'false');
  expect([asked, streams.urls.length, status.reads.length]).toEqual(before);
});

test('a lost connection is shown only after a moment, and healing takes the banner away', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  holdTime();
  streams.name(sale());
  openPage(SALE_PATH);
  await act(settle);
  streams.last.drop();
  await act(() => pass(1400));
  expect(screen.getByTestId('link-banner')).toBeEmptyDOMElement();
  await act(() => pass(200));
  expect(screen.getByTestId('link-banner')).toHaveTextContent(/^Reconnecting… stock as of \d\d:\d\d:\d\d$/);
  await act(() => pass(2000));
  expect(screen.getByTestId('link-banner')).toBeEmptyDOMElement();
});

test('a device without a network says so on the button', async () => {
  await open();
  streams.breakOff();
  vi.spyOn(navigator, 'onLine', 'get').mockReturnValue(false);
  fireEvent(window, new Event('offline'));
  expect(await buyButton('You are offline')).toHaveAttribute('aria-disabled', 'true');
  expect(screen.getByTestId('link-banner')).toHaveTextContent('You are offline');
});

test.each([
  ['SOLD_OUT', 60_000, 'Window closes'],
  ['ENDED_BY_ADMIN', 60_000, 'Planned end'],
  ['TIME_EXPIRED', -60_000, 'Ended'],
] as const)('a sale ended by %s leads on, and tells its end as it is', async (endReason, leftMs, words) => {
  await open({ state: 'ENDED', endReason, endTime: new Date(Date.now() + leftMs).toISOString() });
  expect(screen.getByRole('link', { name: 'See what else is on sale' })).toHaveAttribute('href', '/');
  expect(screen.getAllByText(words).at(-1)).toBeVisible();
});

test('a sale that was never reached is not called missing', async () => {
  streams.breakOff();
  status.breakOff();
  openPage(SALE_PATH);
  expect(await heading('The shop cannot be reached')).toBeVisible();
});

test('an unknown sku has a page of its own, which turns into the sale once it is there', async () => {
  holdTime();
  openPage('/sales/NO-SUCH');
  await act(settle);
  expect(screen.getByRole('heading', { name: 'No such sale' })).toBeVisible();
  streams.name(sale({ sku: 'NO-SUCH' }));
  await act(() => pass(20_000));
  expect(screen.getByRole('heading', { name: 'Limited Edition Widget' })).toBeVisible();
});

test('names and descriptions run in the direction of their own script', async () => {
  server.use(http.get(PURCHASES, () => holds(purchase())));
  await openAs('Ada', { description: 'Words on it' });
  await screen.findByTestId('purchase-no');
  const words = [
    screen.getByLabelText('Your name'),
    screen.getByText('Words on it'),
    screen.getByText('Ada'),
  ];
  words.push(...screen.getAllByText('Limited Edition Widget'));
  expect(words.map((element) => element.getAttribute('dir'))).toEqual(words.map(() => 'auto'));
});

test('a sale that is deleted while it is looked at is gone', async () => {
  await open();
  streams.name();
  await hear(['deleted', { version: 15 }]);
  expect(screen.getByRole('heading', { name: 'No such sale' })).toBeVisible();
});
