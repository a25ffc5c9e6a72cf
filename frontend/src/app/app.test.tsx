import { act, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { http } from 'msw';
import { beforeEach, expect, test, vi } from 'vitest';
import { status } from '../test/fake-status';
import { streams } from '../test/fake-stream';
import { openPage } from '../test/open-page';
import { server } from '../test/server';
import { settle, until } from '../test/until';
import { holdsNothing, PURCHASES, sale } from '../test/wire-answers';

const widget = () => sale({ sku: 'WIDGET-001', priceMinor: 129_900, currency: 'EUR' });
const gadget = () => sale({ sku: 'GADGET-2', productName: 'Gadget' });
const SKELETON = 'Opening the shop…';

/** The ways of the view to the top: jsdom has no view. */
const toTop = vi.fn();

beforeEach(() => {
  vi.stubGlobal('scrollTo', toTop.mockClear());
  server.use(http.get(PURCHASES, holdsNothing));
  streams.name(widget(), gadget());
});

async function open(path: string) {
  openPage(path);
  await act(settle);
}

const follow = (name: string | RegExp) => userEvent.click(screen.getByRole('link', { name }));

test.each(['/nowhere', '/sales/', '/sales/not_a_sku', `/sales/${'A'.repeat(65)}`, '/sales/A/b'])(
  '%s is no page',
  async (path) => {
    await open(path);
    expect(screen.getByRole('heading', { name: 'Page not found' })).toBeVisible();
    expect(streams.urls).toEqual([]);
    expect(screen.getByRole('link', { name: 'To the shop' })).toHaveAttribute('href', '/');
  },
);

test('the way to a sale and back shows at once what is known, and the stream corrects it', async () => {
  await open('/');
  streams.holdBack();
  await follow('Limited Edition Widget');
  expect(location.pathname).toBe('/sales/WIDGET-001');
  expect(screen.queryByText(SKELETON)).toBeNull();
  expect(screen.getByTestId('stock')).toHaveTextContent('87 of 100 left');
  expect(screen.getByRole('main')).toHaveFocus();
  streams.name(sale({ stock: 80, version: 15 }), gadget());
  await follow('Stampede, to all sales');
  expect(screen.queryByText(SKELETON)).toBeNull();
  await act(settle);
  expect(screen.getByTestId('tile-WIDGET-001')).toHaveTextContent('80 of 100 left');
  const kept = streams.opened.filter(({ closed }) => !closed);
  expect(kept).toHaveLength(1);
  expect(status.reads).toEqual([]);
});

test('what is not known yet is not made up', async () => {
  await open('/sales/WIDGET-001');
  streams.holdBack();
  await follow('Stampede, to all sales');
  expect(screen.getByText(SKELETON)).toBeInTheDocument();
});

test('a way inside the page begins at its top, and the way back where the reader was', async () => {
  await open('/');
  expect(toTop).not.toHaveBeenCalled();
  await follow('Gadget');
  expect(screen.getByRole('main')).toHaveFocus();
  expect(toTop).toHaveBeenCalledTimes(1);
  await act(async () => {
    history.back();
    await until(() => location.pathname === '/');
    await settle();
  });
  expect(screen.getByRole('heading', { level: 1 })).toHaveTextContent('Limited drops, sold fairly');
  expect(toTop).toHaveBeenCalledTimes(1);
});

test('the skip link is no way back: the next page begins at its top', async () => {
  await open('/');
  await act(async () => {
    location.hash = '#main';
    await until(() => location.hash === '#main');
    dispatchEvent(new PopStateEvent('popstate'));
  });
  await follow('Gadget');
  expect(toTop).toHaveBeenCalledTimes(1);
});

test('each page has a title of its own', async () => {
  await open('/');
  expect(document.title).toBe('Limited drops, sold fairly · Stampede');
  await follow('Gadget');
  await act(settle);
  expect(document.title).toBe('Gadget · Stampede');
});

test('the page is shown in the language that is chosen, prices and all, and keeps it over a reload', async () => {
  await open('/sales/WIDGET-001');
  expect(screen.getByRole('button', { name: 'English' })).toHaveAttribute('aria-pressed', 'true');
  await userEvent.click(screen.getByRole('button', { name: 'Deutsch' }));
  expect(document.documentElement.lang).toBe('de');
  expect(screen.getByLabelText('Ihr Name')).toBeVisible();
  expect(screen.getByTestId('price')).toHaveTextContent('1.299,00 €');
  expect(screen.getByTestId('stock')).toHaveTextContent('Noch 87 von 100');
  expect(localStorage.getItem('stampede:language')).toBe('de');
  await userEvent.click(screen.getByRole('button', { name: 'English' }));
  expect(document.documentElement.lang).toBe('en');
  expect(screen.getByLabelText('Your name')).toBeVisible();
});
