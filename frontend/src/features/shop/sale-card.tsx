import { useRef } from 'react';
import type { SaleStatus } from '../../api/wire';
import { useBuyer } from './buyer/use-buyer';
import { buyFace } from './buying/buy-face';
import { outcomeNotice } from './buying/outcome-notice';
import { useBuying } from './buying/use-buying';
import type { Link } from './live/live-sale';
import { useServerNow } from './live/use-server-now';
import { Artwork } from './parts/artwork';
import { BuyButton } from './parts/buy-button';
import { BuyerInput } from './parts/buyer-input';
import { Countdown } from './parts/countdown';
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
export function SaleCard({ sale, link, offsetMs }: Props) {
  const nowMs = useServerNow(offsetMs);
  const field = useBuyer();
  const input = useRef<HTMLInputElement>(null);
  const { phase, purchases, outcomes, press } = useBuying(sale.sku, field.name, sale);
  const held = purchases.reduce((units, purchase) => units + purchase.qty, 0);
  // The tick may be most of a second old when a wait begins, and the wait would show a second too many.
  const moment = { sale, nowMs, deviceNowMs: Date.now(), offline: link === 'offline' };
  const face = buyFace({ ...moment, phase, held });
  const saleFace = buyFace({ ...moment, phase: { name: 'idle' }, held: 0, offline: false });
  const [sentence, say] = useAnnouncer({ sale, face: face.name, nowMs });
  const notice = outcomeNotice(phase);
  const open = face.name === 'deciding' || face.name === 'busy' || face.name === 'checking';

  const onPress = () => {
    const name = field.commit(true);
    if (name === null) input.current?.focus();
    else press(name);
  };

  return (
    <article className="sale gap-6 md:grid-cols-2 md:items-start md:gap-12">
      <Artwork sku={sale.sku} />
      <div className="flex grow flex-col gap-5">
        <header className="flex flex-col items-start gap-3">
          <div className="flex flex-wrap items-center gap-3">
            <StatePill saleFace={saleFace.name} />
            <p className="text-sm font-medium text-muted">Limited drop · {limitWords(sale.limitPerBuyer)}</p>
          </div>
          <h1 className="text-3xl font-bold tracking-tight text-balance break-words sm:text-4xl">
            {sale.productName}
          </h1>
        </header>
        <StockMeter
          stock={sale.stock}
          initialStock={sale.initialStock}
          stale={link === 'lost' || link === 'offline'}
        />
        <Countdown sale={sale} nowMs={nowMs} />
        <BuyerInput field={field} locked={open} inputRef={input} />
        <div className="buy-bar max-md:order-last max-md:mt-auto">
          <BuyButton face={face} onPress={onPress} />
        </div>
        {notice && (
          <p role="alert" className="rounded-xl border border-edge bg-surface px-4 py-3 text-sm font-medium">
            {notice}
          </p>
        )}
        {purchases.length > 0 && (
          <Receipt
            heading={receiptHeading(outcomes, phase.name === 'rejected')}
            buyer={field.name}
            purchases={purchases}
            outcomes={outcomes}
            onCopied={() => say('Purchase number copied.')}
          />
        )}
        {sale.state === 'ENDED' && <WayOn />}
        <p aria-live="polite" className="sr-only" data-testid="announcer">
          {sentence}
        </p>
      </div>
    </article>
  );
}

const limitWords = (limit: number) => (limit === 1 ? 'one per buyer' : `up to ${limit} per buyer`);

function receiptHeading(outcomes: number, rejected: boolean): string {
  if (rejected) return 'Your purchase from before';
  return outcomes > 0 ? 'It is yours' : 'Your purchase';
}

/** An ended sale stays where it is, since a receipt may stand on it: going on is the reader's choice. */
function WayOn() {
  return (
    <p className="text-center">
      <a
        href="/"
        className="inline-flex min-h-11 items-center font-semibold text-brand underline underline-offset-4"
      >
        See what is on sale now
      </a>
    </p>
  );
}
