import { useRef } from 'react';
import { Link as PageLink } from 'wouter';
import type { SaleStatus } from '../../api/wire';
import { unitPriceText } from '../../lib/price-text';
import type { Link } from '../../live/live-sales';
import { useServerNow } from '../../live/use-server-now';
import type { ShopTexts } from '../../texts/en/shop';
import { useShopTexts } from '../../texts/use-shop-texts';
import { useBuyer } from './buyer/use-buyer';
import { buyFace } from './buying/buy-face';
import { outcomeNotice } from './buying/outcome-notice';
import { useBuying } from './buying/use-buying';
import { BuyButton } from './parts/buy-button';
import { BuyerInput } from './parts/buyer-input';
import { Countdown } from './parts/countdown';
import { Description } from './parts/description';
import { Picture } from './parts/picture';
import { Receipt } from './parts/receipt';
import { StatePill } from './parts/state-pill';
import { StockMeter } from './parts/stock-meter';
import { useAnnouncer } from './use-announcer';

interface Props {
  sale: SaleStatus;
  link: Link;
  offsetMs: number;
}

/** One sale, and the buyer's way through it. */
export function SaleView({ sale, link, offsetMs }: Props) {
  const words = useShopTexts();
  const { texts, locale } = words;
  const nowMs = useServerNow(offsetMs);
  const field = useBuyer();
  const input = useRef<HTMLInputElement>(null);
  const { phase, purchases, outcomes, press, forget } = useBuying(sale.sku, field.name, sale);
  const known = purchases.filter(({ forgotten }) => !forgotten);
  const forgotten = purchases.filter((purchase) => purchase.forgotten);
  const held = known.reduce((units, purchase) => units + purchase.qty, 0);
  const offline = link === 'offline';
  // The tick may be most of a second old when a wait begins, and the wait would show a second too many.
  const face = buyFace({ sale, phase, held, nowMs, deviceNowMs: Date.now(), offline, words });
  const [voice, say] = useAnnouncer({ sale, face: face.name, nowMs }, texts);
  const notice = outcomeNotice(phase, { face: face.name, version: sale.version }, texts);
  const open = face.name === 'deciding' || face.name === 'busy' || face.name === 'checking';
  const price = unitPriceText(locale, sale);

  const onPress = () => {
    const name = field.commit(true);
    if (name === null) input.current?.focus();
    else press(name);
  };

  const onForget = () => {
    forget(field.name);
    field.forget();
    input.current?.focus();
  };

  return (
    <article className="sale gap-6 md:grid-cols-2 md:items-start md:gap-12">
      <div className="sale-picture print:hidden">
        <Picture
          sku={sale.sku}
          src={sale.picture}
          first
          className="size-full rounded-3xl border border-line"
        />
      </div>
      <div className="flex grow flex-col gap-5">
        <header className="flex flex-col items-start gap-3 print:hidden">
          <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
            <StatePill sale={sale} nowMs={nowMs} />
            <p className="text-sm font-medium text-muted">{texts.sale.eyebrow}</p>
          </div>
          <h1 dir="auto" className="text-3xl font-bold tracking-tight text-balance wrap-anywhere sm:text-4xl">
            {sale.productName}
          </h1>
          {price && (
            <p className="text-2xl font-semibold tabular-nums" data-testid="price">
              {price}
            </p>
          )}
          {sale.description && <Description text={sale.description} />}
        </header>
        <div className="flex flex-col gap-5 print:hidden">
          <StockMeter
            stock={sale.stock}
            initialStock={sale.initialStock}
            stale={link === 'lost' || offline}
            over={sale.state === 'ENDED' && sale.endReason !== 'SOLD_OUT'}
          />
          <Countdown sale={sale} nowMs={nowMs} />
          <BuyerInput field={field} locked={open} onForget={onForget} inputRef={input} />
        </div>
        <div className="buy-bar max-md:order-last max-md:mt-auto print:hidden">
          <BuyButton face={face} onPress={onPress} />
          {notice && (
            <p
              role="alert"
              className="rounded-xl border border-edge bg-surface px-4 py-3 text-sm font-medium"
            >
              {notice.text} {notice.quote && <q lang="en">{notice.quote}</q>}
            </p>
          )}
        </div>
        {known.length > 0 && (
          <Receipt
            heading={receiptHeading(outcomes, phase.name === 'rejected', texts)}
            productName={sale.productName}
            buyer={field.name}
            purchases={known}
            outcomes={outcomes}
            onCopied={() => say(texts.receipt.copiedSaid)}
          />
        )}
        {forgotten.length > 0 && (
          <Receipt
            heading={texts.receipt.plain}
            lead={texts.receipt.forgotten}
            productName={sale.productName}
            buyer={field.name}
            purchases={forgotten}
            outcomes={0}
            onCopied={() => say(texts.receipt.copiedSaid)}
          />
        )}
        {sale.state === 'ENDED' && (
          <p className="text-center print:hidden">
            <PageLink href="/" className="text-link">
              {texts.sale.wayOn}
            </PageLink>
          </p>
        )}
        {voice}
      </div>
    </article>
  );
}

function receiptHeading(outcomes: number, rejected: boolean, { receipt }: ShopTexts): string {
  if (rejected) return receipt.before;
  return outcomes > 0 ? receipt.fresh : receipt.plain;
}
