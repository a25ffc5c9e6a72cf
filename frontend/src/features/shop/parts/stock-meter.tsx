import { useState } from 'react';
import { useShopTexts } from '../../../texts/use-shop-texts';
import { almostGone, type Stock, StockBar } from '../../../ui/stock-bar';

interface Props extends Stock {
  /** What is shown may be old. */
  stale: boolean;
  /** Nothing more can be bought, so that what is left is no offer. */
  over: boolean;
}

/** The stock as a meter with words. */
export function StockMeter({ stock, initialStock, stale, over }: Props) {
  const { texts, locale } = useShopTexts();
  const restocked = useRestocked({ stock, initialStock }) && !over;
  const few = !over && almostGone({ stock, initialStock });
  const count = (units: number) => units.toLocaleString(locale);
  const words = over
    ? texts.front.sold(count(initialStock - stock), count(initialStock))
    : texts.sale.left(count(stock), count(initialStock));
  // What an ended sale has sold says more than what it could not sell.
  const shown = over ? initialStock - stock : stock;
  const note = restocked ? texts.sale.restocked : few ? texts.sale.almostGone : '';
  return (
    <div>
      <div className="mb-2 flex items-baseline justify-between gap-4">
        {/* One or the other: both beside a long number would take a second line, and move what is below. */}
        <span className={`text-sm font-medium ${few ? 'text-bad' : note ? 'text-ok' : 'text-muted'}`}>
          {note || texts.sale.stock}
        </span>
        <span className="text-right text-lg font-semibold tabular-nums" data-testid="stock">
          {words}
        </span>
      </div>
      <div
        role="meter"
        aria-label={texts.sale.stock}
        aria-valuenow={shown}
        aria-valuemin={0}
        aria-valuemax={Math.max(initialStock, stock)}
        aria-valuetext={words}
      >
        <StockBar stock={shown} initialStock={initialStock} pale={stale || over} />
      </div>
    </div>
  );
}

/** Whether units came back with the last change of the stock, which would look like a fault without a word. */
function useRestocked({ stock, initialStock }: Stock): boolean {
  const [seen, setSeen] = useState({ stock, initialStock, rose: false });
  if (seen.stock === stock && seen.initialStock === initialStock) return seen.rose;
  const rose = seen.initialStock === initialStock && stock > seen.stock;
  setSeen({ stock, initialStock, rose });
  return rose;
}
