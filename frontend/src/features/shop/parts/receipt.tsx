import { useEffect, useRef } from 'react';
import type { Purchase } from '../../../api/wire';
import { instantText } from '../../../lib/time-text';
import { CopyButton } from './copy-button';

interface Props {
  heading: string;
  buyer: string;
  /** At least one, oldest first; the newest is shown in full. */
  purchases: readonly Purchase[];
  /** Changes with each outcome of this page: the receipt then takes the focus. 0 leaves the focus alone. */
  outcomes: number;
  onCopied: () => void;
}

export function Receipt({ heading, buyer, purchases, outcomes, onCopied }: Props) {
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
  return (
    <section
      ref={section}
      aria-labelledby="receipt-title"
      className="scroll-mb-32 rounded-2xl border-2 border-ok bg-surface p-5"
    >
      <h2 ref={title} id="receipt-title" tabIndex={-1} className="text-lg font-bold text-ok">
        {heading}
      </h2>
      <div className="mt-3 flex flex-wrap items-center justify-between gap-3">
        <code className="font-mono text-base font-semibold break-all" data-testid="purchase-no">
          {newest.purchaseNo}
        </code>
        <CopyButton text={newest.purchaseNo} label="Copy purchase number" onCopied={onCopied} />
      </div>
      <dl className="mt-3 grid grid-cols-[auto_1fr] gap-x-6 gap-y-1 text-sm">
        <dt className="text-muted">Buyer</dt>
        <dd className="break-words">{buyer}</dd>
        <dt className="text-muted">Quantity</dt>
        <dd className="tabular-nums">{newest.qty}</dd>
        <dt className="text-muted">Bought</dt>
        <dd>
          <time dateTime={newest.purchasedAt} className="tabular-nums">
            {instantText(Date.parse(newest.purchasedAt))}
          </time>
        </dd>
        {earlier.length > 0 && (
          <>
            <dt className="text-muted">Before</dt>
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
      <p className="mt-3 text-sm text-muted">Keep the purchase number: it is the proof of your purchase.</p>
    </section>
  );
}
