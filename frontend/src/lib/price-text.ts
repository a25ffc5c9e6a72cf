import { keptFormat } from './kept-format';

/**
 * Digits after the point by ISO 4217, where they are not two.
 *
 * Browsers know others for some currencies, and a price must not be a hundred times what it is.
 */
const DIGITS: Readonly<Record<string, number>> = {
  ...every('BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF', 0),
  ...every('BHD IQD JOD KWD LYD OMR TND', 3),
  ...every('CLF UYW', 4),
  // Metals, baskets and test codes, which have no smaller unit.
  ...every('XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX', 0),
};

function every(codes: string, digits: number): Record<string, number> {
  return Object.fromEntries(codes.split(' ').map((code) => [code, digits]));
}

/** Digits after the point that an amount of this currency has. */
export const currencyDigits = (currency: string): number => DIGITS[currency] ?? 2;

/** "€1,299.00": an amount in the currency's smallest unit, as the locale writes it. */
export function priceText(locale: string, minor: number, currency: string): string {
  return amountText(locale, minor / 10 ** currencyDigits(currency), currency);
}

/** What names the price of one unit, or none. */
export interface Priced {
  priceMinor?: number | null | undefined;
  currency?: string | null | undefined;
}

/** The price of so many units (one unless told), as the locale writes it; null where none is named. */
export function unitPriceText(locale: string, { priceMinor, currency }: Priced, units = 1): string | null {
  return typeof priceMinor === 'number' && currency ? priceText(locale, units * priceMinor, currency) : null;
}

const amountText = keptFormat((locale, currency: string) => {
  const digits = currencyDigits(currency);
  return new Intl.NumberFormat(locale, {
    style: 'currency',
    currency,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
});
