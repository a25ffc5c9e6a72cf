import { Link } from 'wouter';
import { useLiveSales } from '../../live/use-live-sales';
import { useSettledLink } from '../../live/use-settled-link';
import { useShopTexts } from '../../texts/use-shop-texts';
import { PageMessage } from '../../ui/page-message';
import { useTitle } from '../../ui/use-title';
import { KeptReceipt } from './kept-receipt';
import { LinkBanner } from './parts/link-banner';
import { Opening } from './parts/opening';
import { SaleView } from './sale-view';

/** The page of one sale. */
export function SalePage({ sku }: { sku: string }) {
  const { sales, unreachable, link, offsetMs, asOfMs } = useLiveSales(sku);
  const { page } = useShopTexts().texts;
  const shownLink = useSettledLink(link);
  const sale = sales?.get(sku);
  useTitle(sale?.productName ?? (sales ? page.noSale : null));

  if (sale) {
    return (
      <>
        <LinkBanner link={shownLink} asOfMs={asOfMs} />
        <p className="mb-2 print:hidden max-md:hidden">
          <Link href="/" className="text-link">
            <span aria-hidden="true">← </span>
            {page.back}
          </Link>
        </p>
        <SaleView sale={sale} link={shownLink} offsetMs={offsetMs} />
      </>
    );
  }
  if (sales) {
    return (
      <>
        <PageMessage title={page.noSale} home>
          {page.noSaleLead(sku)}
        </PageMessage>
        <KeptReceipt key={sku} sku={sku} />
      </>
    );
  }
  if (unreachable) {
    return (
      <PageMessage title={page.unreachable} alert>
        {page.unreachableLead}
      </PageMessage>
    );
  }
  return <Opening shape="sale" />;
}
