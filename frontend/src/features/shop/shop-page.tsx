import { useEffect } from 'react';
import { PageMessage } from '../../ui/page-message';
import { useLiveSale } from './live/use-live-sale';
import { useSettledLink } from './live/use-settled-link';
import { LinkBanner } from './parts/link-banner';
import { SaleCard } from './sale-card';

/** The shop: the named sale, or the featured one when `sku` is null. */
export function ShopPage({ sku }: { sku: string | null }) {
  const { sale, missing, unreachable, link, offsetMs, asOfMs } = useLiveSale(sku);
  const shownLink = useSettledLink(link);
  const title = sale?.productName ?? null;
  useEffect(() => {
    document.title = title === null ? 'Stampede' : `${title} · Stampede`;
  }, [title]);

  if (sale) {
    return (
      <>
        <LinkBanner link={shownLink} asOfMs={asOfMs} />
        <SaleCard key={sale.sku} sale={sale} link={shownLink} offsetMs={offsetMs} />
      </>
    );
  }
  if (missing && sku !== null) {
    return (
      <PageMessage title="No such sale" home>
        There is no sale “{sku}”, or it was taken down.
      </PageMessage>
    );
  }
  if (missing) {
    return (
      <PageMessage title="No sale at the moment">
        This page shows the next one as soon as there is one.
      </PageMessage>
    );
  }
  if (unreachable) {
    return (
      <PageMessage title="The shop cannot be reached" alert>
        We try again by ourselves; you can leave this page open.
      </PageMessage>
    );
  }
  return <PageMessage title="Opening the shop…">One moment.</PageMessage>;
}
