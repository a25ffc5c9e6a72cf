import type { SaleStatus } from '../../api/wire';
import { priceText } from '../../lib/price-text';
import type { ShopTexts } from '../../texts/en/shop';

type Priced = Partial<Pick<SaleStatus, 'priceMinor' | 'currency'>>;

/** What one unit costs, as the locale writes it; null when the sale names no price. */
export function priceOf({ priceMinor, currency }: Priced, locale: string): string | null {
  return typeof priceMinor === 'number' && currency ? priceText(locale, priceMinor, currency) : null;
}

/** How many units one buyer may hold. */
export const limitWords = (limit: number, { sale }: ShopTexts): string =>
  limit === 1 ? sale.limitOne : sale.limit(limit);
