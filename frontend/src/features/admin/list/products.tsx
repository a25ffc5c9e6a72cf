import { useCallback, useEffect, useRef, useState } from 'react';
import type { Product } from '../../../api/wire';
import { useAdminTexts } from '../../../texts/use-admin-texts';
import { useTitle } from '../../../ui/use-title';
import { useProductDesk } from '../desk/use-product-desk';
import { newEntries } from '../editor/entries';
import { ProductEditor } from '../editor/product-editor';
import { Button } from '../parts/button';
import { Icon } from '../parts/icon';
import { Notice } from '../parts/notice';
import { TroubleWords } from '../parts/trouble-words';
import { signOut } from '../session/admin-session';
import { EmptyShelf, FailedList, LoadingList } from './list-states';
import { LiveSign } from './live-sign';
import type { Action } from './product-actions';
import { ProductCards } from './product-cards';
import { isSame, type Open, ProductDialogs } from './product-dialogs';
import { ProductTable } from './product-table';
import { SearchRow } from './search-row';
import { StatusLine } from './status-line';
import { useNarrow } from './use-narrow';

/** All products, and everything that an admin does with them; `editors` keep what is typed, by sku. */
export function Products({ editors }: { editors: Map<string | null, ProductEditor> }) {
  const { texts, locale } = useAdminTexts();
  const words = texts.list;
  const [view, desk] = useProductDesk();
  const [open, setOpen] = useState<Open | null>(null);
  const [done, setDone] = useState('');
  const [search, setSearch] = useState('');
  const heading = useRef<HTMLHeadingElement>(null);
  const List = useNarrow() ? ProductCards : ProductTable;
  useTitle(words.title);

  const { products } = view;
  const found = matching(products ?? [], search);

  const openForm = useCallback(
    (product: Product | null) => {
      const sku = product?.sku ?? null;
      const fresh = () => newEntries(Date.now(), lastCurrency(desk.view.get().products));
      const editor = editors.get(sku) ?? new ProductEditor(sku, locale, fresh);
      editors.set(sku, editor);
      setDone('');
      setOpen({ name: 'form', editor, product });
    },
    [desk, editors, locale],
  );
  const act = useCallback(
    (action: Action, product: Product) => {
      if (action === 'edit' || action === 'details') return openForm(product);
      setDone('');
      setOpen({ name: action, product });
    },
    [openForm],
  );
  const close = (closing: Open) => {
    if (closing.name === 'form' && !closing.editor.isDirty) editors.delete(closing.editor.sku);
    // What was sent from a dialog may be answered when another one is open.
    setOpen((current) => (current && isSame(current, closing) ? null : current));
  };
  const finish = (closing: Open, sentence: string) => {
    close(closing);
    setDone(sentence);
  };

  // What opened a dialog may be gone with its outcome, and the focus must not start over at the page's top.
  useEffect(() => {
    if (open === null && done !== '' && document.activeElement === document.body) heading.current?.focus();
  }, [open, done]);

  return (
    <div className="grid gap-5 pt-4 pb-24 sm:pt-8">
      <header className="flex flex-wrap items-center gap-x-4 gap-y-3">
        <h1 ref={heading} tabIndex={-1} className="text-3xl font-extrabold tracking-tight">
          {words.title}
        </h1>
        {products && <LiveSign link={view.link} asOfMs={view.asOfMs} />}
        <div className="flex flex-wrap gap-3 max-sm:w-full sm:ml-auto">
          <Button look="primary" onClick={() => openForm(null)}>
            <Icon name="plus" />
            {words.create}
          </Button>
          <Button
            look="quiet"
            onClick={() => {
              editors.clear();
              signOut();
            }}
          >
            {texts.signIn.signOut}
          </Button>
        </div>
      </header>

      {!products && !view.trouble && <LoadingList />}
      {!products && view.trouble && <FailedList trouble={view.trouble} onRetry={desk.read} />}
      {products && view.trouble && (
        <Notice tone="warn" icon="warning" spoken>
          <p>
            {words.stale} <TroubleWords trouble={view.trouble} />
          </p>
          <div>
            <Button look="quiet" onClick={desk.read}>
              {words.retry}
            </Button>
          </div>
        </Notice>
      )}
      {products?.length === 0 && <EmptyShelf onCreate={() => openForm(null)} />}
      {products && products.length > 0 && (
        <>
          <SearchRow
            search={search}
            onSearch={setSearch}
            found={found.length}
            of={products.length}
            more={view.more}
          />
          {found.length > 0 ? (
            <List products={found} onAct={act} />
          ) : (
            <p className="py-12 text-center text-muted wrap-anywhere">{words.nothingFound(search)}</p>
          )}
          {view.more && (
            <div className="text-center">
              <Button look="quiet" busy={view.loadingMore} onClick={desk.loadMore}>
                {view.loadingMore ? words.loadingMore : words.more}
              </Button>
            </div>
          )}
        </>
      )}

      <StatusLine text={done} onDismiss={() => setDone('')} />
      {open && (
        <ProductDialogs
          open={open}
          desk={desk}
          view={view}
          onClose={() => close(open)}
          onDone={(sentence) => finish(open, sentence)}
        />
      )}
    </div>
  );
}

function matching(products: readonly Product[], search: string): readonly Product[] {
  const wanted = search.trim().toLowerCase();
  if (wanted === '') return products;
  return products.filter(({ sku, productName }) =>
    [sku, productName].some((text) => text.toLowerCase().includes(wanted)),
  );
}

/** The currency that a shop sells in is most likely that of its newest product. */
function lastCurrency(products: readonly Product[] | null): string {
  return products?.find(({ currency }) => currency !== null)?.currency ?? '';
}
