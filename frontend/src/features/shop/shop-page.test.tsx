import { act, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import axe from 'axe-core';
import { HttpResponse, http } from 'msw';
import { beforeEach, expect, test, vi } from 'vitest';
import { App } from '../../app/app';
import { FakeEventSource } from '../../test/fake-event-source';
import { server } from '../../test/server';
import {
  bought,
  failure,
  holds,
  holdsNothing,
  PURCHASES,
  purchase,
  SALES,
  sale,
  success,
} from '../../test/wire-answers';

beforeEach(() => {
  server.use(
    http.get(SALES, () => success(sale())),
    http.get(PURCHASES, holdsNothing),
    http.post(PURCHASES, () => bought()),
  );
});

const buyButton = (name: string | RegExp) => screen.findByRole('button', { name });

async function open(path = '/') {
  const page = render(<App path={path} />);
  await screen.findByRole('heading', { name: 'Limited Edition Widget' });
  return page;
}

async function openAs(name: string) {
  localStorage.setItem('stampede:buyer', name);
  return open();
}

test('the stock is told in words, follows the stream and ignores what is older', async () => {
  await open();
  expect(screen.getByRole('meter', { name: /^Stock/ })).toHaveAttribute('aria-valuetext', '87 of 100 left');
  act(() => FakeEventSource.last.open());
  act(() => FakeEventSource.last.emit('stock-update', { sku: 'WIDGET-001', stock: 7, version: 20 }));
  act(() => FakeEventSource.last.emit('stock-update', { sku: 'WIDGET-001', stock: 50, version: 19 }));
  expect(screen.getByTestId('stock')).toHaveTextContent('7 of 100 left');
  expect(screen.getByText(/Almost gone/)).toBeVisible();
  expect(screen.getByTestId('announcer')).toHaveTextContent('Only 7 left.');
});

test('buying shows a receipt that takes the focus, and the page stays free of axe findings', async () => {
  const { container } = await open();
  await userEvent.type(screen.getByLabelText('Your name'), 'Ada');
  await userEvent.click(await buyButton('Buy now'));
  expect(await screen.findByRole('heading', { name: 'It is yours' })).toHaveFocus();
  expect(screen.getByTestId('purchase-no')).toHaveTextContent('PUR-20260215-ABCD');
  expect(await buyButton('Purchased')).toHaveAttribute('aria-disabled', 'true');
  expect(localStorage.getItem('stampede:buyer')).toBe('Ada');
  // jsdom has no layout: contrast is checked in a real browser.
  const { violations } = await act(() =>
    axe.run(container, { rules: { 'color-contrast': { enabled: false } } }),
  );
  expect(violations.map(({ id }) => id)).toEqual([]);
});

test('a remembered buyer finds the receipt again without the focus moving', async () => {
  server.use(http.get(PURCHASES, () => holds(purchase())));
  await openAs('Ada');
  expect(await screen.findByRole('heading', { name: 'Your purchase' })).not.toHaveFocus();
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

test('who bought before sees that purchase', async () => {
  server.use(
    http.post(PURCHASES, () => failure(200, 'ALREADY_PURCHASED', { purchase: purchase('PUR-OLD') })),
  );
  await openAs('Ada');
  await userEvent.click(await buyButton('Buy now'));
  expect(await screen.findByRole('heading', { name: 'Your purchase from before' })).toHaveFocus();
  expect(screen.getByTestId('purchase-no')).toHaveTextContent('PUR-OLD');
});

test('too fast shows the seconds on the button', async () => {
  server.use(http.post(PURCHASES, () => failure(429, 'RATE_LIMITED', { retryAfter: 3 })));
  await openAs('Ada');
  await userEvent.click(await buyButton('Buy now'));
  expect(await buyButton(/^Too fast, try again in [23] s$/)).toHaveAttribute('aria-disabled', 'true');
});

test('a busy shop is shown as busy and the name stays while the attempt is open', async () => {
  server.use(http.post(PURCHASES, () => failure(503, 'SERVICE_UNAVAILABLE', { retryAfter: 9 })));
  await openAs('Ada');
  await userEvent.click(await buyButton('Buy now'));
  expect(await buyButton(/^Very busy, next try in \d+ s$/)).toHaveAttribute('aria-busy', 'true');
  expect(screen.getByLabelText('Your name')).toHaveAttribute('readonly');
});

test('an unknown outcome is shown as being checked', async () => {
  server.use(http.post(PURCHASES, () => HttpResponse.error()));
  await openAs('Ada');
  await userEvent.click(await buyButton('Buy now'));
  expect(await buyButton('Checking your order…')).toHaveAttribute('aria-busy', 'true');
});

test('a lost connection is shown only after a moment, and healing takes the banner away', async () => {
  await open();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  act(() => FakeEventSource.last.open());
  act(() => FakeEventSource.last.drop());
  await act(() => vi.advanceTimersByTimeAsync(1400));
  expect(screen.getByTestId('link-banner')).toBeEmptyDOMElement();
  await act(() => vi.advanceTimersByTimeAsync(200));
  expect(screen.getByRole('status')).toHaveTextContent(/^Reconnecting… stock as of \d\d:\d\d:\d\d$/);
  act(() => FakeEventSource.last.open());
  await act(() => vi.advanceTimersByTimeAsync(1));
  expect(screen.getByTestId('link-banner')).toBeEmptyDOMElement();
});

test('a device without a network says so on the button', async () => {
  await open();
  act(() => {
    dispatchEvent(new Event('offline'));
  });
  expect(await buyButton('You are offline')).toHaveAttribute('aria-disabled', 'true');
  expect(screen.getByRole('status')).toHaveTextContent('You are offline');
});

test.each([
  ['SOLD_OUT', 60_000, 'Window closes'],
  ['ENDED_BY_ADMIN', 60_000, 'Was to end'],
  ['TIME_EXPIRED', -60_000, 'Ended'],
] as const)('a sale ended by %s leads on, and tells its end as it is', async (endReason, leftMs, words) => {
  const endTime = new Date(Date.now() + leftMs).toISOString();
  server.use(http.get(SALES, () => success(sale({ state: 'ENDED', endReason, endTime }))));
  await open();
  expect(screen.getByRole('link', { name: 'See what is on sale now' })).toHaveAttribute('href', '/');
  expect(screen.getAllByText(words).at(-1)).toBeVisible();
});

test('an unknown sku has a page of its own', async () => {
  server.use(http.get(SALES, holdsNothing));
  render(<App path="/sales/NO-SUCH" />);
  expect(await screen.findByRole('heading', { name: 'No such sale' })).toBeVisible();
});

test('a path that is no page says so', () => {
  render(<App path="/nowhere" />);
  expect(screen.getByRole('heading', { name: 'Page not found' })).toBeVisible();
});
