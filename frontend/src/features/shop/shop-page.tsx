import type { ReactNode } from 'react';
import type { SaleStatus } from '../../api/wire';
import type { Link } from '../../live/live-sales';
import { useLiveSales } from '../../live/use-live-sales';
import { useSettledLink } from '../../live/use-settled-link';
import type { ShopTexts } from '../../texts/en/shop';
import { useShopTexts } from '../../texts/use-shop-texts';
import { PageMessage } from '../../ui/page-message';
import { useTitle } from '../../ui/use-title';
import { groupSales, type SaleGroups } from './front/group-sales';
import { SaleTile } from './front/sale-tile';
import { Artwork } from './parts/artwork';
import { LinkBanner } from './parts/link-banner';
import { Opening } from './parts/opening';

/** As many as one stream carries. */
const SALES_MAX = 100;

/** The front page: every public sale, live over one stream. */
export function ShopPage() {
  const { sales, unreachable, link, offsetMs, asOfMs } = useLiveSales(null);
  const { texts } = useShopTexts();
  const shownLink = useSettledLink(link);
  useTitle(texts.front.title);

  if (!sales && unreachable) {
    return (
      <PageMessage title={texts.page.unreachable} alert>
        {texts.page.unreachableLead}
      </PageMessage>
    );
  }
  if (sales?.size === 0) {
    return (
      <>
        <div className="relative mx-auto mt-16 size-44 overflow-hidden rounded-3xl">
          <Artwork sku="" />
        </div>
        <PageMessage title={texts.front.none}>{texts.front.noneLead}</PageMessage>
      </>
    );
  }
  return (
    <>
      <LinkBanner link={shownLink} asOfMs={asOfMs} />
      <header className="max-w-2xl pt-4 pb-8 sm:pt-8 sm:pb-10">
        <h1 className="text-4xl font-extrabold tracking-tight text-balance sm:text-5xl">
          {texts.front.title}
        </h1>
        <p className="mt-4 text-lg text-pretty text-muted">{texts.front.lead}</p>
      </header>
      {sales ? (
        <Groups groups={groupSales(sales)} link={shownLink} offsetMs={offsetMs} texts={texts} />
      ) : (
        <Opening shape="front" />
      )}
      {sales && sales.size >= SALES_MAX && (
        <p className="mt-8 text-center text-sm text-muted">{texts.front.more(SALES_MAX)}</p>
      )}
    </>
  );
}

interface GroupsProps {
  groups: SaleGroups;
  link: Link;
  offsetMs: number;
  texts: ShopTexts;
}

function Groups({ groups: { live, soon, over }, link, offsetMs, texts: { front } }: GroupsProps) {
  const stale = link === 'lost' || link === 'offline';
  const [first, ...others] = live.length > 0 ? live : soon;
  const tile = (sale: SaleStatus) => (
    <SaleTile key={sale.sku} sale={sale} offsetMs={offsetMs} stale={stale} />
  );
  const featured = first && (
    <SaleTile key={first.sku} sale={first} offsetMs={offsetMs} stale={stale} featured />
  );
  const later = live.length > 0 ? soon : [];
  return (
    <div className="flex flex-col gap-10 sm:gap-14">
      {featured && (
        <Group title={live.length > 0 ? front.live : front.soon}>
          {featured}
          {others.length > 0 && <div className="tiles mt-5 sm:mt-6">{others.map(tile)}</div>}
        </Group>
      )}
      {!featured && <p className="text-lg text-muted">{front.quiet}</p>}
      {later.length > 0 && (
        <Group title={front.soon}>
          <div className="tiles">{later.map(tile)}</div>
        </Group>
      )}
      {over.length > 0 && (
        <Group title={front.over}>
          <div className="tiles">{over.map(tile)}</div>
        </Group>
      )}
    </div>
  );
}

function Group({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section aria-label={title}>
      <h2 className="mb-4 text-xl font-bold tracking-tight">{title}</h2>
      {children}
    </section>
  );
}
