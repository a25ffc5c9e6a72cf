import { currencyDigits } from '../../../lib/price-text';

/** A price as one types it: 14900 in EUR is "149.00", where the comma divides "149,00". */
export function priceEntry(priceMinor: number, currency: string, locale: string): string {
  const digits = currencyDigits(currency);
  const text = String(priceMinor).padStart(digits + 1, '0');
  if (digits === 0) return text;
  return `${text.slice(0, -digits)}${pointOf(locale)}${text.slice(-digits)}`;
}

/**
 * The typed price in the currency's smallest unit; null for what cannot be one.
 *
 * Point and comma both divide the units, and nothing divides thousands: "1,234" would be two prices.
 */
export function priceMinorOf(entry: string, currency: string): number | null {
  const digits = currencyDigits(currency);
  const [, units, fraction = ''] = /^(\d+)(?:[.,](\d*))?$/.exec(entry.replaceAll(/\s/g, '')) ?? [];
  if (units === undefined || fraction.length > digits) return null;
  return Number(units + fraction.padEnd(digits, '0'));
}

function pointOf(locale: string): string {
  const parts = new Intl.NumberFormat(locale).formatToParts(0.1);
  return parts.find(({ type }) => type === 'decimal')?.value ?? '.';
}
