import { useState } from 'react';

const ALMOST_GONE_SHARE = 0.1;

interface Props {
  stock: number;
  initialStock: number;
  /** The shown stock may be old. */
  stale: boolean;
}

export function StockMeter({ stock, initialStock, stale }: Props) {
  const restocked = useRestocked(stock);
  const share = initialStock > 0 ? stock / initialStock : 0;
  const almostGone = stock > 0 && share < ALMOST_GONE_SHARE;
  const words = `${count(stock)} of ${count(initialStock)} left`;
  const note = restocked ? 'Units came back' : almostGone ? 'Almost gone' : '';
  return (
    <div>
      <div className="mb-2 flex items-baseline justify-between gap-4">
        <span id="stock-label" className="text-sm font-medium text-muted">
          Stock{note && <span className={almostGone ? 'text-bad' : 'text-ok'}> · {note}</span>}
        </span>
        <span className="text-lg font-semibold tabular-nums" data-testid="stock">
          {words}
        </span>
      </div>
      <div
        role="meter"
        aria-labelledby="stock-label"
        aria-valuenow={stock}
        aria-valuemin={0}
        aria-valuemax={Math.max(initialStock, stock)}
        aria-valuetext={words}
        className="h-3 overflow-hidden rounded-full border border-transparent bg-line"
      >
        <div
          className={`h-full origin-left rounded-full transition-transform duration-500 ${stale ? 'bg-muted' : almostGone ? 'bg-bad' : 'bg-brand'}`}
          style={{ transform: `scaleX(${Math.min(1, share)})` }}
        />
      </div>
    </div>
  );
}

/** Whether the last change of the stock was a rise, which would look like a fault without a word. */
function useRestocked(stock: number): boolean {
  const [seen, setSeen] = useState({ stock, rose: false });
  if (seen.stock === stock) return seen.rose;
  const rose = stock > seen.stock;
  setSeen({ stock, rose });
  return rose;
}

const count = (units: number) => units.toLocaleString('en');
