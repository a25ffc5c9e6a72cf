import { randomBytes } from 'node:crypto';
import { expect, type Locator, type Page } from '@playwright/test';
import type { Server } from './server.js';

/** What an admin sees and does on `/admin`. */
export class AdminDesk {
  readonly page: Page;
  readonly key: Locator;
  readonly heading: Locator;
  readonly dialog: Locator;
  readonly status: Locator;

  constructor(page: Page) {
    this.page = page;
    this.key = page.getByLabel('Admin key');
    this.heading = page.getByRole('heading', { name: 'Products', exact: true });
    this.dialog = page.getByRole('dialog');
    this.status = page.getByRole('status');
  }

  async signIn(from: { url: string }, key: string): Promise<void> {
    await this.page.goto(`${from.url}/admin`);
    await this.key.fill(key);
    await this.page.getByRole('button', { name: 'Sign in' }).click();
  }

  /** The list of the server's products, from the server or over a network. */
  async open(server: Server, from: { url: string } = server): Promise<void> {
    await this.signIn(from, server.adminKey);
    await expect(this.heading).toBeVisible();
    await expect(this.page.getByTestId('live-sign')).toHaveText('Live');
  }

  /** One product of the list: its row, or its card on a narrow screen. */
  product(sku: string): Locator {
    return this.page.locator(`[data-sku="${sku}"]`);
  }

  /** Opens the form of a new product. */
  async create(): Promise<void> {
    await this.page.getByRole('button', { name: 'New product' }).first().click();
    await expect(this.field('SKU')).toBeVisible();
  }

  /** Presses one of a product's actions, which opens a dialog. */
  async act(action: string, sku: string): Promise<void> {
    await this.product(sku)
      .getByRole('button', { name: `${action}: ` })
      .click();
    await expect(this.dialog).toBeVisible();
  }

  field(label: string): Locator {
    return this.dialog.getByLabel(label, { exact: true });
  }

  press(name: string): Promise<void> {
    return this.dialog.getByRole('button', { name, exact: true }).click();
  }
}

/** Far enough away that it cannot start while a test looks at it. */
export const LATER = { startsInMs: 3_600_000, endsInMs: 7_200_000 };

/** A sku that no product has. */
export const freshSku = () => `ADM-${randomBytes(5).toString('hex').toUpperCase()}`;

/** An instant as a `datetime-local` field of this machine takes it. */
export function localEntry(atMs: number): string {
  const at = new Date(atMs);
  const local = new Date(atMs - at.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}
