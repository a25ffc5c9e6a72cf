import { memo, useState } from 'react';
import { Link } from 'wouter';
import type { SaleStatus } from '../../../api/wire';
import { unitPriceText } from '../../../lib/price-text';
import { countdownText, momentText } from '../../../lib/time-text';
import { useShopTexts, type Words } from '../../../texts/use-shop-texts';
import { StockBar } from '../../../ui/stock-bar';
import { storedBuyer } from '../buyer/buyer-name';
import { recordedPurchases } from '../buying/purchase-records';
import { Picture } from '../parts/picture';
import { StatePill } from '../parts/state-pill';
import { Ticking } from './ticking';

interface Props {
  sale: SaleStatus;
  /** Server's clock minus this device's. */
  offsetMs: number;
  /** The shown stock may be old. */
  stale: boolean;
  /** The first sale of the page is shown larger, with its description. */
  featured?: boolean;
}

/** One sale among others, rendered when it changes; the whole tile leads to it. */
export const SaleTile = memo(function SaleTile({ sale, offsetMs, stale, featured = false }: Props) {
  const words = useShopTexts();
  const { texts, locale } = words;
  const price = unitPriceText(locale, sale);
  const [yours] = useState(() => isYours(sale.sku));
  return (
    <article
      data-testid={`tile-${sale.sku}`}
      className={`tile ${featured ? 'tile-featured' : ''} ${sale.state === 'ENDED' ? 'tile-over' : ''}`}
    >
      <Picture sku={sale.sku} src={sale.picture} first={featured} className="tile-picture" />
      <div className="flex grow flex-col gap-4 p-5 sm:p-6">
        <div className="flex flex-wrap items-center gap-2">
          <Ticking offsetMs={offsetMs}>{(nowMs) => <StatePill sale={sale} nowMs={nowMs} />}</Ticking>
          {yours && <span className="text-sm font-semibold text-ok">✓ {texts.front.yours}</span>}
        </div>
        <div className="flex flex-wrap items-baseline justify-between gap-x-4 gap-y-1">
          <h3
            className={`min-w-0 flex-[1_1_9rem] font-semibold tracking-tight text-balance wrap-anywhere ${featured ? 'text-2xl sm:text-3xl' : 'text-lg'}`}
          >
            <Link href={`/sales/${sale.sku}`} dir="auto" className="tile-link">
              {sale.productName}
            </Link>
          </h3>
          {price && (
            <p
              className={`font-semibold wrap-anywhere tabular-nums ${featured ? 'text-xl sm:text-2xl' : 'text-lg'}`}
            >
              {price}
            </p>
          )}
        </div>
        {featured && sale.description && (
          <p dir="auto" className="line-clamp-3 text-pretty text-muted max-md:hidden">
            {sale.description}
          </p>
        )}
        <div className="mt-auto flex flex-col gap-2.5">
          {sale.state === 'ACTIVE' && (
            <StockBar stock={sale.stock} initialStock={sale.initialStock} pale={stale} />
          )}
          <p className="flex flex-wrap justify-between gap-x-4 gap-y-1 text-sm font-medium text-muted tabular-nums">
            <span data-testid="tile-stock">{stockWords(sale, words)}</span>
            <Ticking offsetMs={offsetMs}>{(nowMs) => <span>{timeWords(sale, nowMs, words)}</span>}</Ticking>
          </p>
        </div>
        {featured && (
          <span aria-hidden="true" className="solid-button self-start">
            {texts.front.toSale} →
          </span>
        )}
      </div>
    </article>
  );
});

/** Whether this browser's buyer holds a unit. */
function isYours(sku: string): boolean {
  const buyer = storedBuyer();
  return buyer !== '' && recordedPurchases(sku, buyer).some(({ forgotten }) => !forgotten);
}

function stockWords({ state, stock, initialStock }: SaleStatus, { texts, locale }: Words): string {
  const count = (units: number) => units.toLocaleString(locale);
  if (state === 'UPCOMING') return texts.front.units(count(initialStock));
  if (state === 'ACTIVE') return texts.sale.left(count(stock), count(initialStock));
  return texts.front.sold(count(initialStock - stock), count(initialStock));
}

function timeWords(sale: SaleStatus, nowMs: number, { texts, locale }: Words): string {
  const startsAtMs = Date.parse(sale.startTime);
  const endsAtMs = Date.parse(sale.endTime);
  if (sale.state === 'UPCOMING') return texts.front.startsIn(countdownText(locale, startsAtMs - nowMs));
  if (sale.state === 'ACTIVE') return texts.front.endsIn(countdownText(locale, endsAtMs - nowMs));
  return nowMs >= endsAtMs ? texts.front.endedAt(momentText(locale, endsAtMs)) : '';
}
