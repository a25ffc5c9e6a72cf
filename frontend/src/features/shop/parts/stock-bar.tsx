const ALMOST_GONE_SHARE = 0.1;

export interface Stock {
  stock: number;
  initialStock: number;
}

/** Whether so few units are left that the page says so. */
export const almostGone = ({ stock, initialStock }: Stock): boolean =>
  stock > 0 && stock / initialStock < ALMOST_GONE_SHARE;

/** How much is left, as a bar; the words beside it say the same. `stale` when it may be old. */
export function StockBar({ stock, initialStock, stale }: Stock & { stale: boolean }) {
  const share = initialStock > 0 ? Math.min(1, stock / initialStock) : 0;
  const colour = stale ? 'bg-muted' : almostGone({ stock, initialStock }) ? 'bg-bad' : 'bg-brand';
  return (
    <div aria-hidden="true" className="stock-bar h-2.5 overflow-hidden rounded-full bg-line">
      <div
        className={`h-full origin-left rounded-full transition-transform duration-500 ${colour}`}
        style={{ transform: `scaleX(${share})` }}
      />
    </div>
  );
}
