import { expect, test } from 'vitest';
import { product } from '../../../test/wire-answers';
import { type Entries, entriesOf, newEntries } from './entries';
import { isAs, readForm, sentWith } from './read-form';

const filled = (change: Partial<Entries> = {}): Entries => ({
  ...newEntries(Date.UTC(2026, 1, 15, 10), ''),
  sku: 'LAMP-1',
  productName: 'Lamp',
  ...change,
});

test('a new sale starts ten minutes from now and lasts an hour', () => {
  const { values } = readForm(filled());
  expect(values).toMatchObject({
    startTime: '2026-02-15T10:10:00.000Z',
    endTime: '2026-02-15T11:10:00.000Z',
  });
});

test('what is left empty is not there', () => {
  const { values, faults } = readForm(filled());
  expect(values).toMatchObject({
    description: null,
    picture: null,
    priceMinor: null,
    currency: null,
    acknowledge: null,
  });
  expect(faults).toEqual({});
});

test('spaces around an entry are no part of it, in a description they stay', () => {
  const { values } = readForm(
    filled({ sku: ' LAMP-1 ', picture: ' /a.svg ', initialStock: '1 000', description: ' a\n b ' }),
  );
  expect(values).toMatchObject({
    sku: 'LAMP-1',
    picture: '/a.svg',
    initialStock: 1000,
    description: ' a\n b ',
  });
});

test('everything that cannot be sent is named at once', () => {
  const { faults } = readForm(
    filled({
      sku: '',
      productName: ' ',
      initialStock: 'many',
      limitPerBuyer: '1.5',
      startTime: '',
      priceMinor: '5',
    }),
  );
  expect(faults).toEqual({
    sku: { by: 'form', why: 'required' },
    productName: { by: 'form', why: 'required' },
    initialStock: { by: 'form', why: 'wholeNumber' },
    limitPerBuyer: { by: 'form', why: 'wholeNumber' },
    startTime: { by: 'form', why: 'required' },
    currency: { by: 'form', why: 'currencyMissing' },
  });
});

test('the limits of a number are the server’s to judge', () => {
  expect(readForm(filled({ initialStock: '0', limitPerBuyer: '-3' })).faults).toEqual({});
});

test('a price has at most the decimals of its currency', () => {
  expect(readForm(filled({ priceMinor: '12.5', currency: 'jpy' })).faults).toEqual({
    priceMinor: { by: 'form', why: 'price' },
  });
  expect(readForm(filled({ priceMinor: '12.5', currency: 'eur' })).values).toMatchObject({
    priceMinor: 1250,
    currency: 'EUR',
  });
});

test('a currency beside an empty price is no price', () => {
  expect(readForm(filled({ currency: 'EUR' })).values).toMatchObject({ priceMinor: null, currency: null });
});

test('a price is sent with its currency, whichever of the two was changed', () => {
  expect(sentWith(['currency', 'sku'])).toEqual(['sku', 'priceMinor', 'currency']);
  expect(sentWith(['sku'])).toEqual(['sku']);
});

test('a product is as its own form says, and not as a changed one says', () => {
  const shown = product({ priceMinor: 1250, currency: 'EUR', startTime: '2026-02-15T10:00:00.000Z' });
  const entries = entriesOf(shown, 'de');
  expect(isAs(shown, readForm(entries).values, ['priceMinor', 'currency', 'startTime', 'description'])).toBe(
    true,
  );
  expect(isAs(shown, readForm({ ...entries, priceMinor: '1' }).values, ['priceMinor'])).toBe(false);
});
