import { useState } from 'react';
import { Link } from 'wouter';
import type { Product } from '../../../api/wire';
import { unitPriceText } from '../../../lib/price-text';
import { useAdminTexts } from '../../../texts/use-admin-texts';
import { StockBar } from '../../../ui/stock-bar';
import { dayAndTimeText, endText, utcText } from '../local-time';
import { Icon } from '../parts/icon';

interface Props {
  product: Product;
}

/** The picture, small; a sign where there is none. */
export function Thumb({ product: { picture } }: Props) {
  const [broken, setBroken] = useState<string | null>(null);
  return (
    <span className="flex size-11 shrink-0 items-center justify-center overflow-hidden rounded-xl bg-line/70 text-muted">
      {picture === null || picture === broken ? (
        <Icon name="box" />
      ) : (
        <img
          src={picture}
          alt=""
          loading="lazy"
          decoding="async"
          className="size-full object-cover"
          onError={() => setBroken(picture)}
        />
      )}
    </span>
  );
}

/** The name, which leads to the sale in the shop, and the sku. */
export function NameAndSku({ product: { sku, productName } }: Props) {
  return (
    <>
      <Link href={`/sales/${sku}`} dir="auto" className="font-semibold wrap-anywhere hover:underline">
        {productName}
      </Link>
      <span className="block text-xs/5 font-normal text-muted wrap-anywhere">{sku}</span>
    </>
  );
}

/** Units left as number and bar. */
export function StockLeft({ product: { currentStock, initialStock, state } }: Props) {
  const { texts, locale } = useAdminTexts();
  return (
    <div className="min-w-24">
      <p className="tabular-nums">
        <span className="font-semibold">{currentStock.toLocaleString(locale)}</span>{' '}
        <span className="text-muted">{texts.row.ofStock(initialStock.toLocaleString(locale))}</span>
      </p>
      <div className="mt-1.5">
        <StockBar stock={currentStock} initialStock={initialStock} pale={state === 'ENDED'} thin />
      </div>
    </div>
  );
}

/** Units sold, and how many of them are in the ledger, where that is known; `bare` under a head that says so. */
export function UnitsSold({ product, bare = false }: Props & { bare?: boolean }) {
  const { totalPurchases, persistedPurchases } = product;
  const { texts, locale } = useAdminTexts();
  const { row } = texts;
  const sold = totalPurchases.toLocaleString(locale);
  const behind = persistedPurchases !== undefined && persistedPurchases !== totalPurchases;
  return (
    <span className="tabular-nums">
      {bare ? sold : row.sold(sold)}
      {totalPurchases > 0 && persistedPurchases !== undefined && (
        <span className={`block text-xs/5 ${behind ? 'text-warn' : 'text-muted'}`}>
          {behind ? row.recorded(persistedPurchases.toLocaleString(locale)) : row.recordedAll}
        </span>
      )}
    </span>
  );
}

export function Price({ product }: Props) {
  const { texts, locale } = useAdminTexts();
  const price = unitPriceText(locale, product);
  if (price === null) return <span className="text-muted">{texts.row.noPrice}</span>;
  return <span className="tabular-nums">{price}</span>;
}

/** Start and end in this device's time zone; the title tells them in UTC. */
export function SaleWindow({ product: { startTime, endTime } }: Props) {
  const { texts, locale } = useAdminTexts();
  const nowMs = Date.now();
  return (
    <span className="tabular-nums">
      <time dateTime={startTime} title={utcText(startTime)} className="block">
        {dayAndTimeText(locale, startTime, nowMs)}
      </time>
      <time dateTime={endTime} title={utcText(endTime)} className="block text-xs/5 text-muted">
        {texts.row.until(endText(locale, startTime, endTime, nowMs))}
      </time>
    </span>
  );
}
