import { act, fireEvent, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import axe from 'axe-core';
import { http } from 'msw';
import { beforeEach, expect, test } from 'vitest';
import { streams } from '../../test/fake-stream';
import { buyButton, heading, hear, open, openAs } from '../../test/open-sale';
import { server } from '../../test/server';
import { bought, failure, holds, holdsNothing, PURCHASES, purchase, sale } from '../../test/wire-answers';
import { keyToSend } from './buying/attempt-keys';
import { recordPurchases } from './buying/purchase-records';

beforeEach(() => {
  server.use(
    http.get(PURCHASES, holdsNothing),
    http.post(PURCHASES, () => bought()),
  );
});

test('buying shows a receipt that takes the focus, and the page stays free of axe findings', async () => {
  const { container } = await open();
  await userEvent.type(screen.getByLabelText('Your name'), 'Ada');
  await userEvent.click(await buyButton('Buy now'));
  expect(await heading('It is yours')).toHaveFocus();
  expect(screen.getByTestId('purchase-no')).toHaveTextContent('PUR-20260215-ABCD');
  expect(await buyButton('Purchased')).toHaveAttribute('aria-disabled', 'true');
  expect(localStorage.getItem('stampede:buyer')).toBe('Ada');
  // jsdom has no layout: contrast is checked in a real browser.
  const { violations } = await act(() =>
    axe.run(container, { rules: { 'color-contrast': { enabled: false } } }),
  );
  expect(violations.map(({ id }) => id)).toEqual([]);
});

test('a priced sale shows its price, on the button too, and the receipt keeps it', async () => {
  const price = { priceMinor: 14_900, currency: 'EUR' };
  server.use(http.post(PURCHASES, () => bought({ ...purchase(), ...price })));
  await openAs('Ada', price);
  expect(screen.getByTestId('price')).toHaveTextContent('€149.00');
  await userEvent.click(await buyButton('Buy now · €149.00'));
  expect(await screen.findByTestId('receipt-price')).toHaveTextContent('€149.00');
  await hear(['initial', { ...sale({ ...price, priceMinor: 9900, version: 20 }) }]);
  expect(screen.getByTestId('price')).toHaveTextContent('€99.00');
  expect(screen.getByTestId('receipt-price')).toHaveTextContent('€149.00');
});

test('a receipt over several units tells the price of one and their sum', async () => {
  const several = { ...purchase(), qty: 3, priceMinor: 14_900, currency: 'EUR' };
  server.use(http.get(PURCHASES, () => holds(several)));
  await openAs('Ada', { limitPerBuyer: 3 });
  expect(await screen.findByTestId('receipt-price')).toHaveTextContent('3 × €149.00 = €447.00');
});

test('a receipt without a price has no line for it', async () => {
  server.use(http.get(PURCHASES, () => holds(purchase())));
  await openAs('Ada');
  const receipt = await screen.findByRole('region', { name: 'Your purchase' });
  expect(within(receipt).queryByText('Price')).toBeNull();
  expect(within(receipt).getByText('Limited Edition Widget')).toBeVisible();
  expect(within(receipt).getByText('Ada')).toBeVisible();
});

test('earlier purchases stand on the receipt by their numbers', async () => {
  server.use(http.get(PURCHASES, () => holds(purchase('PUR-FIRST'), purchase('PUR-SECOND'))));
  await openAs('Ada', { limitPerBuyer: 3 });
  expect(await screen.findByTestId('purchase-no')).toHaveTextContent('PUR-SECOND');
  expect(screen.getByText('PUR-FIRST')).toBeVisible();
  expect(await buyButton('Buy another')).toHaveAccessibleDescription('You hold 2 of 3.');
});

test('a receipt that another tab got appears here, without taking the focus', async () => {
  await openAs('Ada');
  recordPurchases('WIDGET-001', 'Ada', [purchase('PUR-OTHER-TAB')]);
  fireEvent(window, new StorageEvent('storage', { key: 'stampede:purchases:WIDGET-001:Ada' }));
  expect(await screen.findByTestId('purchase-no')).toHaveTextContent('PUR-OTHER-TAB');
  expect(await heading('Your purchase')).not.toHaveFocus();
  expect(await buyButton('Purchased')).toBeVisible();
});

test('the purchase number is copied, and that it was is said', async () => {
  const user = userEvent.setup();
  server.use(http.get(PURCHASES, () => holds(purchase())));
  await openAs('Ada');
  await user.click(await buyButton('Copy purchase number'));
  expect(await navigator.clipboard.readText()).toBe('PUR-20260215-ABCD');
  expect(screen.getByTestId('announcer')).toHaveTextContent('Purchase number copied.');
});

test('a remembered buyer finds the receipt again without the focus moving', async () => {
  server.use(http.get(PURCHASES, () => holds(purchase())));
  await openAs('Ada');
  expect(await heading('Your purchase')).not.toHaveFocus();
});

test('a purchase that the shop does not know any more is shown, and another can be bought', async () => {
  recordPurchases('WIDGET-001', 'Ada', [purchase()]);
  await openAs('Ada');
  expect(await screen.findByText(/does not know this purchase any more; show it the number/)).toBeVisible();
  expect(screen.getByTestId('purchase-no')).toHaveTextContent('PUR-20260215-ABCD');
  expect(await buyButton('Buy now')).toHaveAttribute('aria-disabled', 'false');
});

test('who bought before sees that purchase', async () => {
  server.use(
    http.post(PURCHASES, () => {
      server.use(http.get(PURCHASES, () => holds(purchase('PUR-OLD'))));
      return failure(200, 'ALREADY_PURCHASED', { purchase: purchase('PUR-OLD') });
    }),
  );
  await openAs('Ada');
  await userEvent.click(await buyButton('Buy now'));
  expect(await heading('Your earlier purchase')).toHaveFocus();
  expect(screen.getByTestId('purchase-no')).toHaveTextContent('PUR-OLD');
  expect(await buyButton('Already yours')).toHaveAttribute('aria-disabled', 'true');
});

test('a receipt outlives its sale, and can be copied from', async () => {
  const user = userEvent.setup();
  server.use(http.get(PURCHASES, () => holds(purchase())));
  await openAs('Ada');
  expect(await screen.findByTestId('purchase-no')).toBeVisible();
  streams.name();
  await hear(['deleted', { version: 15 }]);
  expect(screen.getByRole('heading', { name: 'No such sale' })).toBeVisible();
  expect(screen.getByTestId('purchase-no')).toHaveTextContent('PUR-20260215-ABCD');
  await user.click(await buyButton('Copy purchase number'));
  expect(await navigator.clipboard.readText()).toBe('PUR-20260215-ABCD');
});

test('a name is forgotten with its purchases, but no key of an open attempt and nothing of others', async () => {
  server.use(http.get(PURCHASES, () => holds(purchase())));
  recordPurchases('GADGET-2', 'Ada', [purchase()]);
  recordPurchases('GADGET-2', 'x:Ada', [purchase()]);
  keyToSend('GADGET-2', 'Ada');
  await openAs('Ada');
  expect(await screen.findByTestId('purchase-no')).toBeVisible();
  const left = Object.keys(localStorage).filter(
    (name) => !/^stampede:(buyer|purchases:[^:]+:Ada)$/.test(name),
  );
  await userEvent.click(await buyButton('Not you? Forget this name here'));
  expect(screen.getByLabelText('Your name')).toHaveValue('');
  expect(screen.getByLabelText('Your name')).toHaveFocus();
  expect(screen.queryByTestId('purchase-no')).toBeNull();
  expect(Object.keys(localStorage).sort()).toEqual(left.sort());
  expect(left).toContain('stampede:attempt:GADGET-2:Ada');
  expect(left).toContain('stampede:purchases:GADGET-2:x:Ada');
});

test('a name that another tab was told is taken where there is none, and changes no other', async () => {
  await open();
  localStorage.setItem('stampede:buyer', 'Ada');
  fireEvent(window, new StorageEvent('storage', { key: 'stampede:buyer' }));
  expect(screen.getByLabelText('Your name')).toHaveValue('Ada');
  localStorage.setItem('stampede:buyer', 'Grace');
  fireEvent(window, new StorageEvent('storage', { key: 'stampede:buyer' }));
  expect(screen.getByLabelText('Your name')).toHaveValue('Ada');
});
