import { ShopPage } from '../features/shop/shop-page';
import { PageMessage } from '../ui/page-message';
import { pageOf } from './page-of';

/** The frame around every page. Links are whole page loads: there is one page, and it keeps nothing in memory. */
export function App({ path }: { path: string }) {
  const page = pageOf(path);
  return (
    <>
      <a href="#main" className="skip-link">
        Skip to content
      </a>
      <header className="mx-auto flex max-w-5xl items-center px-4 py-3 sm:px-6">
        <a href="/" className="inline-flex min-h-11 items-center gap-2 font-bold tracking-tight">
          <svg viewBox="0 0 32 32" aria-hidden="true" className="size-7">
            <rect width="32" height="32" rx="9" className="fill-brand" />
            <path d="M18.6 4.5 7.8 18.2h6.6l-1.5 9.3 11.3-14.2h-6.9z" className="fill-on-brand" />
          </svg>
          Stampede
        </a>
      </header>
      <main id="main" tabIndex={-1} className="mx-auto max-w-5xl px-4 sm:px-6 md:py-6">
        {page.name === 'shop' ? (
          <ShopPage sku={page.sku} />
        ) : (
          <PageMessage title="Page not found" home>
            There is nothing at this address.
          </PageMessage>
        )}
      </main>
    </>
  );
}
