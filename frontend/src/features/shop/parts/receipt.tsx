import { useEffect, useId, useRef } from 'react';
import type { Purchase } from '../../../api/wire';
import { unitPriceText } from '../../../lib/price-text';
import { receiptTimeText } from '../../../lib/time-text';
import { useShopTexts } from '../../../texts/use-shop-texts';
import { CopyButton } from './copy-button';

interface Props {
  heading: string;
  /** A sentence on what is the matter with these purchases. */
  lead?: string;
  productName: string;
  buyer: string;
  /** Oldest first; the newest is shown in full. None are no receipt. */
  purchases: readonly Purchase[];
  /** Changes with each outcome of this page: the receipt then takes the focus. 0 leaves the focus alone. */
  outcomes: number;
  onCopied: () => void;
}

/** The newest purchase as a slip that can be copied from and printed, the earlier ones by their numbers. */
export function Receipt({ heading, lead, productName, buyer, purchases, outcomes, onCopied }: Props) {
  const { texts, locale } = useShopTexts();
  const { receipt } = texts;
  const titleId = useId();
  const title = useRef<HTMLHeadingElement>(null);
  const section = useRef<HTMLElement>(null);
  useEffect(() => {
    if (outcomes === 0) return;
    title.current?.focus({ preventScroll: true });
    // The focus alone would bring the heading into view and leave the number under the buy bar.
    section.current?.scrollIntoView?.({ block: 'nearest' });
  }, [outcomes]);
  const newest = purchases.at(-1);
  if (!newest) return null;
  const earlier = purchases.slice(0, -1);
  const price = priceLine(newest, locale);
  return (
    <section
      ref={section}
      aria-labelledby={titleId}
      className="scroll-mb-32 rounded-3xl border border-ok/50 bg-surface p-5 sm:p-6"
    >
      <h2 ref={title} id={titleId} tabIndex={-1} className="text-xl font-bold tracking-tight text-ok">
        {heading}
      </h2>
      {lead && <p className="mt-2 font-medium">{lead}</p>}
      <p className="mt-3 text-sm text-muted">{receipt.number}</p>
      <code className="block font-mono font-semibold wrap-anywhere sm:text-lg" data-testid="purchase-no">
        {newest.purchaseNo}
      </code>
      <div className="mt-3 flex flex-wrap gap-2 print:hidden">
        <CopyButton text={newest.purchaseNo} onCopied={onCopied} />
        <button
          type="button"
          aria-label={receipt.printLabel}
          className="quiet-button"
          onClick={() => globalThis.print()}
        >
          {receipt.print}
        </button>
      </div>
      <dl className="slip mt-5 grid grid-cols-[auto_1fr] gap-x-6 gap-y-1.5 border-t border-dashed border-line pt-4 text-sm">
        <dt>{receipt.item}</dt>
        <dd dir="auto" className="font-medium">
          {productName}
        </dd>
        <dt>{receipt.buyer}</dt>
        <dd dir="auto">{buyer}</dd>
        <dt>{receipt.quantity}</dt>
        <dd className="tabular-nums">{newest.qty.toLocaleString(locale)}</dd>
        {price && (
          <>
            <dt>{receipt.price}</dt>
            <dd className="font-medium tabular-nums" data-testid="receipt-price">
              {price}
            </dd>
          </>
        )}
        <dt>{receipt.bought}</dt>
        <dd>
          <time dateTime={newest.purchasedAt} className="tabular-nums">
            {receiptTimeText(locale, Date.parse(newest.purchasedAt))}
          </time>
        </dd>
        {earlier.length > 0 && (
          <>
            <dt>{receipt.earlier}</dt>
            <dd>
              <ul>
                {earlier.map(({ purchaseNo }) => (
                  <li key={purchaseNo} className="font-mono break-all">
                    {purchaseNo}
                  </li>
                ))}
              </ul>
            </dd>
          </>
        )}
      </dl>
      <p className="mt-4 text-sm text-muted">{receipt.keep}</p>
    </section>
  );
}

/** "€149.00", or "2 × €149.00 = €298.00"; null when the sale had no price. */
function priceLine(purchase: Purchase, locale: string): string | null {
  const { qty } = purchase;
  const unit = unitPriceText(locale, purchase);
  return unit === null || qty === 1 ? unit : `${qty} × ${unit} = ${unitPriceText(locale, purchase, qty)}`;
}
