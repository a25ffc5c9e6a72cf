const ALMOST_GONE_SHARE = 0.1;

export interface Stock {
  stock: number;
  initialStock: number;
}

interface Props extends Stock {
  /** It is no offer, since it may be old or the sale is over. */
  pale: boolean;
  /** Beside many others. */
  thin?: boolean;
}

/** Whether so few units are left that the page says so. */
export const almostGone = ({ stock, initialStock }: Stock): boolean =>
  stock > 0 && stock / initialStock < ALMOST_GONE_SHARE;

/** How much is left, as a bar; the words beside it say the same. */
export function StockBar({ stock, initialStock, pale, thin = false }: Props) {
  const share = initialStock > 0 ? Math.min(1, stock / initialStock) : 0;
  const colour = pale ? 'bg-muted' : almostGone({ stock, initialStock }) ? 'bg-bad' : 'bg-brand';
  return (
    <div
      aria-hidden="true"
      className={`overflow-hidden rounded-full bg-line forced-colors:border forced-colors:border-[CanvasText] ${thin ? 'h-1.5' : 'h-2.5'}`}
    >
      <div
        className={`h-full origin-left rounded-full transition-transform duration-500 forced-colors:bg-[CanvasText] forced-colors:forced-color-adjust-none ${colour}`}
        style={{ transform: `scaleX(${share})` }}
      />
    </div>
  );
}
