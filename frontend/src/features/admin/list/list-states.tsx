import type { ReactNode } from 'react';
import { useAdminTexts } from '../../../texts/use-admin-texts';
import { Button } from '../parts/button';
import { Icon } from '../parts/icon';
import { TroubleWords } from '../parts/trouble-words';
import type { Trouble } from '../trouble';

const WIDTHS = ['w-2/5', 'w-1/3', 'w-1/2', 'w-1/4', 'w-3/5'];

/** Rows without words, until the products are read. */
export function LoadingList() {
  const { list } = useAdminTexts().texts;
  return (
    <div className="rounded-3xl border border-line bg-surface px-5 py-2">
      <p role="status" className="sr-only">
        {list.loading}
      </p>
      {WIDTHS.map((width) => (
        <div
          key={width}
          aria-hidden="true"
          className="flex items-center gap-4 border-line py-4 not-last:border-b"
        >
          <span className="hollow size-11 rounded-xl" />
          <span className={`hollow h-4 rounded-full ${width}`} />
          <span className="hollow ml-auto h-4 w-24 rounded-full max-sm:hidden" />
        </div>
      ))}
    </div>
  );
}

/** The products could not be read at all. */
export function FailedList({ trouble, onRetry }: { trouble: Trouble; onRetry: () => void }) {
  const { list } = useAdminTexts().texts;
  return (
    <Blank>
      <Icon name="warning" className="size-10 text-bad" />
      <div role="alert">
        <h2 className="text-xl font-bold tracking-tight">{list.failed}</h2>
        <p className="mt-2 text-muted wrap-anywhere">
          <TroubleWords trouble={trouble} />
        </p>
      </div>
      <Button look="primary" onClick={onRetry}>
        {list.retry}
      </Button>
    </Blank>
  );
}

/** There are no products. */
export function EmptyShelf({ onCreate }: { onCreate: () => void }) {
  const { list } = useAdminTexts().texts;
  return (
    <Blank>
      <span className="inline-flex size-16 items-center justify-center rounded-3xl bg-brand/12 text-brand">
        <Icon name="box" className="size-8" />
      </span>
      <div>
        <h2 className="text-xl font-bold tracking-tight">{list.empty}</h2>
        <p className="mt-2 max-w-sm text-pretty text-muted">{list.emptyLead}</p>
      </div>
      <Button look="primary" onClick={onCreate}>
        <Icon name="plus" />
        {list.create}
      </Button>
    </Blank>
  );
}

function Blank({ children }: { children: ReactNode }) {
  return (
    <div className="flex flex-col items-center gap-5 rounded-3xl border border-dashed border-edge/60 px-6 py-16 text-center sm:py-24">
      {children}
    </div>
  );
}
