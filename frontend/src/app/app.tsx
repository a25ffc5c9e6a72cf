import { lazy, Suspense } from 'react';
import { Link, Route, Switch, useLocation } from 'wouter';
import { SalePage } from '../features/shop/sale-page';
import { ShopPage } from '../features/shop/shop-page';
import { useShopTexts } from '../texts/use-shop-texts';
import { PageMessage } from '../ui/page-message';
import { useTitle } from '../ui/use-title';
import { Failure } from './failure';
import { LanguageChoice } from './language-choice';
import { useArrival } from './use-arrival';

/** Shoppers do not load what admins need. */
const AdminPage = lazy(() => import('../features/admin/admin-page'));

/** The frame around every page. */
export function App() {
  const { texts } = useShopTexts();
  const [path] = useLocation();
  useArrival();
  return (
    <>
      <a href="#main" className="skip-link">
        {texts.skip}
      </a>
      <header className="frame flex items-center py-3">
        <Link
          href="/"
          aria-label={texts.home}
          className="inline-flex min-h-11 items-center gap-2.5 text-lg font-bold tracking-tight"
        >
          <img src="/favicon.svg" alt="" className="size-8" />
          Stampede
        </Link>
      </header>
      <main id="main" tabIndex={-1} className="frame grow">
        <Failure key={path}>
          <Switch>
            <Route path="/">
              <ShopPage />
            </Route>
            <Route path={SALE_PATH}>{({ sku = '' }) => <SalePage key={sku} sku={sku} />}</Route>
            <Route path="/admin">
              <Suspense>
                <AdminPage />
              </Suspense>
            </Route>
            <Route>
              <NotFound />
            </Route>
          </Switch>
        </Failure>
      </main>
      <footer className="frame mt-12 print:hidden">
        <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-2 border-t border-line py-6 text-sm text-muted">
          <p>{texts.promise}</p>
          <LanguageChoice />
        </div>
      </footer>
    </>
  );
}

/** A sku as the server takes it; anything else is no address of ours. */
const SALE_PATH = /^\/sales\/(?<sku>[A-Za-z0-9-]{1,64})\/?$/;

function NotFound() {
  const { page } = useShopTexts().texts;
  useTitle(page.notFound);
  return (
    <PageMessage title={page.notFound} home>
      {page.notFoundLead}
    </PageMessage>
  );
}
