import { act, type RenderResult, screen } from '@testing-library/react';
import type { SaleStatus } from '../api/wire';
import { streams } from './fake-stream';
import { openPage } from './open-page';
import { settle } from './until';
import { sale } from './wire-answers';

export const SALE_PATH = '/sales/WIDGET-001';

export const buyButton = (name: string | RegExp) => screen.findByRole('button', { name });
export const heading = (name: string) => screen.findByRole('heading', { name });

/** Opens the page of the one sale of the tests, changed as told. */
export async function open(change: Partial<SaleStatus> = {}): Promise<RenderResult> {
  streams.name(sale(change));
  const page = openPage(SALE_PATH);
  await heading('Limited Edition Widget');
  return page;
}

/** The same in a browser that knows its buyer's name. */
export async function openAs(name: string, change: Partial<SaleStatus> = {}): Promise<RenderResult> {
  localStorage.setItem('stampede:buyer', name);
  return open(change);
}

/** Lets the page hear events of that sale. */
export async function hear(...events: [type: string, data: object][]): Promise<void> {
  for (const [type, data] of events) streams.last.emit(type, { sku: 'WIDGET-001', ...data });
  await act(settle);
}
