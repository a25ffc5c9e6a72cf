import type { Acknowledgement, Product, ProductChanges } from '../../../api/wire';
import { instantOf } from '../local-time';
import type { Entries, Field } from './entries';
import { priceMinorOf } from './price-entry';

/** What is wrong with a field: found here, since it cannot even be sent, or said by the server. */
export type Fault = { by: 'form'; why: FormFault } | { by: 'server'; text: string };
export type FormFault = 'required' | 'wholeNumber' | 'price' | 'currencyMissing' | 'taken';
export type Faults = Partial<Record<Field, Fault>>;

/** The form's fields as the server takes them; null for what the product does not have. */
export interface FormValues {
  sku: string;
  productName: string;
  description: string | null;
  picture: string | null;
  priceMinor: number | null;
  currency: string | null;
  initialStock: number;
  limitPerBuyer: number;
  startTime: string;
  endTime: string;
  acknowledge: Acknowledgement | null;
}

/** Reads the form; the value of a field that has a fault means nothing. What the rules are, the server says. */
export function readForm(entries: Entries): { values: FormValues; faults: Faults } {
  const faults: Faults = {};
  const fault = (field: Field, why: FormFault) => {
    faults[field] = { by: 'form', why };
  };
  const text = (field: Field) => {
    const trimmed = entries[field].trim();
    if (trimmed === '') fault(field, 'required');
    return trimmed;
  };
  const wholeNumber = (field: Field) => {
    const digits = text(field).replaceAll(/\s/g, '');
    if (digits !== '' && !/^-?\d+$/.test(digits)) fault(field, 'wholeNumber');
    return Number(digits);
  };
  const instant = (field: Field) => {
    const at = instantOf(entries[field]);
    if (at === null) fault(field, 'required');
    return at ?? '';
  };
  const values: FormValues = {
    sku: text('sku'),
    productName: text('productName'),
    description: entries.description === '' ? null : entries.description,
    picture: entries.picture.trim() || null,
    ...readPrice(entries, fault),
    initialStock: wholeNumber('initialStock'),
    limitPerBuyer: wholeNumber('limitPerBuyer'),
    startTime: instant('startTime'),
    endTime: instant('endTime'),
    acknowledge: levelOf(entries.acknowledge),
  };
  return { values, faults };
}

/** No price, no currency either: the currency beside an empty price is just what the next one would be in. */
function readPrice(
  { priceMinor, currency }: Entries,
  fault: (field: Field, why: FormFault) => void,
): Pick<FormValues, 'priceMinor' | 'currency'> {
  if (priceMinor.trim() === '') return { priceMinor: null, currency: null };
  const code = currency.trim().toUpperCase();
  const minor = priceMinorOf(priceMinor, code);
  if (code === '') fault('currency', 'currencyMissing');
  else if (minor === null) fault('priceMinor', 'price');
  return { priceMinor: minor, currency: code };
}

function levelOf(entry: string): Acknowledgement | null {
  return entry === 'gate' || entry === 'ledger' ? entry : null;
}

/** The fields that a change of these sends: price and currency go together. */
export function sentWith(fields: readonly Field[]): readonly Field[] {
  const others = fields.filter((field) => field !== 'priceMinor' && field !== 'currency');
  return others.length === fields.length ? fields : [...others, 'priceMinor', 'currency'];
}

/** The named fields as a change of the product. */
export function changesOf(values: FormValues, fields: readonly Field[]): ProductChanges {
  return Object.fromEntries(fields.map((field) => [field, values[field]]));
}

/** Whether the product already is as the named fields would make it. */
export function isAs(product: Product, values: FormValues, fields: readonly Field[]): boolean {
  return fields.every((field) => {
    const wanted = values[field];
    if (field === 'startTime' || field === 'endTime')
      return Date.parse(product[field]) === Date.parse(String(wanted));
    return wanted === product[field] || (field === 'acknowledge' && wanted === null);
  });
}
