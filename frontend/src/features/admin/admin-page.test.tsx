import { act, fireEvent, render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { HttpResponse, http } from 'msw';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Product } from '../../api/wire';
import { streams } from '../../test/fake-stream';
import { gate } from '../../test/gate';
import { installDialogs } from '../../test/native-dialog';
import { server } from '../../test/server';
import { failure, PRODUCTS, product, success } from '../../test/wire-answers';
import { chooseLanguage } from '../../texts/language';
import AdminPage from './admin-page';
import { signOut } from './session/admin-session';

const KEY = 'the-key-of-this-test';
let shelf: Product[] = [];

beforeEach(() => {
  installDialogs();
  shelf = [product({ state: 'UPCOMING' })];
  server.use(
    http.get(PRODUCTS, ({ request }) =>
      request.headers.get('X-Admin-Key') === KEY
        ? HttpResponse.json({ success: true, data: shelf, nextCursor: null })
        : failure(401, 'UNAUTHORIZED'),
    ),
    http.get(`${PRODUCTS}/:sku`, ({ params }) =>
      HttpResponse.json(
        { success: true, data: shelf.find(({ sku }) => sku === params.sku) },
        { headers: { ETag: '"one"' } },
      ),
    ),
  );
});

afterEach(() => {
  act(() => {
    signOut();
    chooseLanguage('en');
  });
  sessionStorage.clear();
});

async function signIn(key = KEY): Promise<void> {
  render(<AdminPage />);
  await userEvent.type(screen.getByLabelText('Admin key'), key);
  await userEvent.click(screen.getByRole('button', { name: 'Sign in' }));
}

const press = (name: string | RegExp) => userEvent.click(screen.getByRole('button', { name }));
const field = (label: string) => screen.getByLabelText(label);
const row = () => screen.findByRole('row', { name: /Limited Edition Widget/ });

test('a wrong key is told at its field, and is kept nowhere', async () => {
  await signIn('wrong');
  expect(await screen.findByText('This is not the key.')).toBeVisible();
  expect(field('Admin key')).toHaveAttribute('aria-invalid', 'true');
  expect(field('Admin key')).toHaveFocus();
  expect(sessionStorage).toHaveLength(0);
});

test.each([
  ['too many requests', () => failure(429, 'RATE_LIMITED', { retryAfter: 7 }), /Try again in 7 s/],
  ['a store that is away', () => failure(503, 'SERVICE_UNAVAILABLE'), /cannot answer this at the moment/],
  ['no answer', () => HttpResponse.error(), /does not answer/],
])('%s is told when signing in', async (_, answer, words) => {
  server.use(http.get(PRODUCTS, answer));
  await signIn();
  expect(await screen.findByText(words)).toBeVisible();
});

test('the right key opens the list, is kept for the tab and named nowhere else', async () => {
  await signIn();
  expect(await row()).toHaveTextContent('Upcoming');
  expect(Object.values(sessionStorage)).toEqual([KEY]);
  expect(document.title + location.href + document.body.innerHTML).not.toContain(KEY);
  expect(Object.values(localStorage)).not.toContain(KEY);
  await press('Sign out');
  expect(field('Admin key')).toHaveValue('');
  expect(sessionStorage).toHaveLength(0);
});

test('without products the page offers to make the first', async () => {
  shelf = [];
  await signIn();
  expect(await screen.findByRole('heading', { name: 'No products yet' })).toBeVisible();
  expect(screen.getAllByRole('button', { name: 'New product' })).toHaveLength(2);
});

test('a list that cannot be read says why and can be tried again', async () => {
  await signIn();
  await row();
  await press('Sign out');
  let away = true;
  server.use(
    http.get(PRODUCTS, ({ request }) => {
      if (away && new URL(request.url).searchParams.get('limit') !== '1')
        return failure(503, 'SERVICE_UNAVAILABLE');
      return HttpResponse.json({ success: true, data: shelf, nextCursor: null });
    }),
  );
  await userEvent.type(field('Admin key'), KEY);
  await press('Sign in');
  expect(await screen.findByRole('heading', { name: 'The products could not be loaded' })).toBeVisible();
  away = false;
  await press('Try again');
  expect(await row()).toBeVisible();
});

test('the stock of a row follows the stream', async () => {
  await signIn();
  await row();
  const { sku } = product();
  await act(async () => streams.last.emit('stock-update', { sku, stock: 7, version: 20 }));
  expect(await screen.findByText('7')).toBeVisible();
  expect(await row()).toHaveTextContent('7 of 100');
});

test('the server’s field errors stand at their fields, and the first bad one has the focus', async () => {
  server.use(
    http.post(PRODUCTS, () =>
      failure(400, 'VALIDATION_ERROR', {
        fields: { initialStock: 'is in nobody’s catalogue', endTime: 'must be after startTime' },
      }),
    ),
  );
  await signIn();
  await row();
  await press('New product');
  await userEvent.type(field('SKU'), 'LAMP-1');
  await userEvent.type(field('Name'), 'Lamp');
  await press('Create');
  expect(await screen.findByText('2 fields need another look')).toBeVisible();
  expect(field('Stock')).toHaveFocus();
  expect(field('Stock')).toHaveAccessibleDescription(/is in nobody’s catalogue/);
  expect(field('Ends')).toHaveAccessibleDescription(/The end must be after the start/);
  expect(field('Name')).toHaveValue('Lamp');
});

test('a closed form keeps what was typed, and can be started afresh', async () => {
  await signIn();
  await row();
  await press('New product');
  await userEvent.type(field('Name'), 'Lamp');
  await press('Cancel');
  await press('New product');
  expect(screen.getByText('What you typed before is still here.')).toBeVisible();
  expect(field('Name')).toHaveValue('Lamp');
  await press('Start afresh');
  expect(field('Name')).toHaveValue('');
});

test('what was typed survives a key that is refused meanwhile', async () => {
  await signIn();
  await row();
  await press('New product');
  await userEvent.type(field('SKU'), 'LAMP-1');
  await userEvent.type(field('Name'), 'Lamp');
  server.use(http.post(PRODUCTS, () => failure(401, 'UNAUTHORIZED')));
  await press('Create');
  expect(await screen.findByText(/The server no longer takes your key/)).toBeVisible();
  await userEvent.type(field('Admin key'), KEY);
  await press('Sign in');
  await row();
  await press('New product');
  expect(field('Name')).toHaveValue('Lamp');
});

test('ending names what it does, tells that it works and says when it is done', async () => {
  const held = gate();
  server.use(
    http.post(`${PRODUCTS}/:sku/end`, async () => {
      await held.passed;
      return success(product({ state: 'ENDED', endReason: 'ENDED_BY_ADMIN', version: 15 }));
    }),
  );
  await signIn();
  await row();
  await press('End: Limited Edition Widget');
  const dialog = screen.getByRole('dialog');
  expect(dialog).toHaveTextContent('it cannot be undone');
  await press('End the sale for good');
  expect(within(dialog).getByRole('button', { name: 'Ending…' })).toHaveAttribute('aria-busy', 'true');
  held.open();
  expect(await screen.findByText('Limited Edition Widget has ended.')).toHaveAttribute('role', 'status');
  expect(await row()).toHaveTextContent('Stopped');
});

test('an end that the stream tells before its answer comes is our own, and not too late', async () => {
  const held = gate();
  server.use(
    http.post(`${PRODUCTS}/:sku/end`, async () => {
      await held.passed;
      return success(product({ state: 'ENDED', endReason: 'ENDED_BY_ADMIN', version: 20 }));
    }),
  );
  shelf = [product({ state: 'ACTIVE' })];
  await signIn();
  await row();
  await press('End: Limited Edition Widget');
  await press('End the sale for good');
  const over = { sku: 'WIDGET-001', state: 'ENDED', reason: 'ENDED_BY_ADMIN', paused: false, version: 20 };
  await act(async () => streams.last.emit('state-change', over));
  expect(await row()).toHaveTextContent('Stopped');
  expect(screen.getByRole('button', { name: 'Ending…' })).toHaveFocus();
  expect(screen.queryByText(/nothing to change/)).toBeNull();
  held.open();
  expect(await screen.findByText('Limited Edition Widget has ended.')).toBeVisible();
});

test('an answer that comes when its dialog is closed is told, and closes no other one', async () => {
  const held = gate();
  server.use(
    http.post(`${PRODUCTS}/:sku/pause`, async () => {
      await held.passed;
      return success(product({ state: 'UPCOMING', paused: true, version: 15 }));
    }),
  );
  await signIn();
  await row();
  await press('Pause: Limited Edition Widget');
  await press('Pause the sale');
  await press('Cancel');
  await press('New product');
  held.open();
  expect(await screen.findByText('Limited Edition Widget is paused.')).toBeInTheDocument();
  expect(screen.getByRole('dialog', { name: 'New product' })).toBeVisible();
});

test('a pause whose outcome is not known is looked into', async () => {
  server.use(http.post(`${PRODUCTS}/:sku/pause`, () => HttpResponse.error()));
  await signIn();
  await row();
  await press('Pause: Limited Edition Widget');
  await press('Pause the sale');
  expect(await screen.findByRole('group', { name: /It may be paused all the same/ })).toHaveFocus();
  await press('Look again');
  expect(await screen.findByText('It is not paused. You can try again.')).toBeVisible();
  shelf = [product({ state: 'UPCOMING', paused: true, version: 15 })];
  await press('Pause the sale');
  await press('Look again');
  expect(await screen.findByText('Limited Edition Widget is paused.')).toBeVisible();
});

test('a resume that came too late says so, and not that the sale is resumed', async () => {
  server.use(http.post(`${PRODUCTS}/:sku/resume`, () => HttpResponse.error()));
  shelf = [product({ state: 'ACTIVE', paused: true })];
  await signIn();
  await row();
  await press('Resume: Limited Edition Widget');
  await press('Resume the sale');
  await screen.findByText(/It may be resumed all the same/);
  shelf = [product({ state: 'ENDED', endReason: 'TIME_EXPIRED', paused: false, version: 15 })];
  await press('Look again');
  expect(await screen.findByText('The sale is over already, so there is nothing to change.')).toBeVisible();
  expect(screen.queryByText('Limited Edition Widget is resumed.')).toBeNull();
});

test('a sale that ends under its question leaves the focus inside', async () => {
  shelf = [product({ state: 'ACTIVE' })];
  await signIn();
  await row();
  await press('Pause: Limited Edition Widget');
  const send = screen.getByRole('button', { name: 'Pause the sale' });
  expect(send).toHaveFocus();
  const over = { sku: 'WIDGET-001', state: 'ENDED', reason: 'TIME_EXPIRED', paused: false, version: 20 };
  await act(async () => streams.last.emit('state-change', over));
  expect(await screen.findByText('The sale is over already, so there is nothing to change.')).toBeVisible();
  expect(send).not.toBeInTheDocument();
  expect(screen.getByRole('heading', { name: 'Pause Limited Edition Widget?' })).toHaveFocus();
});

test('a product is deleted only when its sku was typed', async () => {
  let deleted = 0;
  server.use(
    http.delete(`${PRODUCTS}/:sku`, () => {
      deleted++;
      shelf = [];
      return success({ message: 'gone' });
    }),
  );
  await signIn();
  await row();
  await press('Delete: Limited Edition Widget');
  await press('Delete the product');
  expect(screen.getByText('This is not WIDGET-001.')).toBeVisible();
  expect(deleted).toBe(0);
  await userEvent.type(field('Type WIDGET-001 to confirm'), 'WIDGET-001');
  await press('Delete the product');
  expect(await screen.findByText('Limited Edition Widget is deleted.')).toBeVisible();
  expect(deleted).toBe(1);
  expect(screen.queryByRole('row', { name: /Limited Edition Widget/ })).toBeNull();
});

test('a running sale shows its fields locked, with the reason beside them', async () => {
  shelf = [product({ state: 'ACTIVE' })];
  await signIn();
  await row();
  await press('Details: Limited Edition Widget');
  const name = await screen.findByLabelText('Name');
  expect(name).toHaveAttribute('readonly');
  expect(name).toHaveAccessibleDescription(/The sale is running/);
  expect(screen.queryByRole('button', { name: 'Save' })).toBeNull();
});

test('the search narrows the list down and says to how many', async () => {
  shelf = [product({ sku: 'A', productName: 'Lamp' }), product({ sku: 'B', productName: 'Mug' })];
  await signIn();
  await screen.findByRole('row', { name: /Lamp/ });
  fireEvent.change(field('Search by name or SKU'), { target: { value: 'mug' } });
  expect(screen.queryByRole('row', { name: /Lamp/ })).toBeNull();
  expect(screen.getByText(/^1 of 2 shown/)).toBeVisible();
  fireEvent.change(field('Search by name or SKU'), { target: { value: 'shoe' } });
  expect(screen.getByText('No loaded product matches “shoe”.')).toBeVisible();
});

test('the page speaks German', async () => {
  act(() => chooseLanguage('de'));
  render(<AdminPage />);
  await userEvent.type(field('Admin-Schlüssel'), KEY);
  await press('Anmelden');
  expect(await screen.findByRole('heading', { name: 'Produkte' })).toBeVisible();
  expect(await row()).toHaveTextContent('Geplant');
});
