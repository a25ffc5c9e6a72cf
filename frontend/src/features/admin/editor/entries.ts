import type { Product } from '../../../api/wire';
import { localEntry } from '../local-time';
import { priceEntry } from './price-entry';

/** What can be typed into the form, in its order, by the names that the server has for it. */
export const FIELDS = [
  'sku',
  'productName',
  'description',
  'picture',
  'priceMinor',
  'currency',
  'initialStock',
  'limitPerBuyer',
  'startTime',
  'endTime',
  'acknowledge',
] as const;

export type Field = (typeof FIELDS)[number];

/** The form's fields as they are typed; the price in the currency's units, instants in local time. */
export type Entries = Record<Field, string>;

const MINUTE_MS = 60_000;

/** The form of a new product: it starts in ten minutes and lasts an hour. */
export function newEntries(nowMs: number, currency: string): Entries {
  const startMs = Math.ceil((nowMs + 10 * MINUTE_MS) / MINUTE_MS) * MINUTE_MS;
  return {
    sku: '',
    productName: '',
    description: '',
    picture: '',
    priceMinor: '',
    currency,
    initialStock: '100',
    limitPerBuyer: '1',
    startTime: localEntry(startMs),
    endTime: localEntry(startMs + 60 * MINUTE_MS),
    acknowledge: '',
  };
}

/** The form of a product as it stands. */
export function entriesOf(product: Product, locale: string): Entries {
  const { priceMinor, currency } = product;
  return {
    sku: product.sku,
    productName: product.productName,
    description: product.description ?? '',
    picture: product.picture ?? '',
    priceMinor: priceMinor === null || currency === null ? '' : priceEntry(priceMinor, currency, locale),
    currency: currency ?? '',
    initialStock: String(product.initialStock),
    limitPerBuyer: String(product.limitPerBuyer),
    startTime: localEntry(product.startTime),
    endTime: localEntry(product.endTime),
    acknowledge: product.acknowledge,
  };
}

/** The fields in which two forms differ. */
export function differing(one: Entries, other: Entries): Field[] {
  return FIELDS.filter((field) => one[field] !== other[field]);
}
