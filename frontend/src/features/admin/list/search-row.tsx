import { useAdminTexts } from '../../../texts/use-admin-texts';
import { zoneText } from '../local-time';
import { Icon } from '../parts/icon';

interface Props {
  search: string;
  onSearch: (words: string) => void;
  found: number;
  of: number;
  /** Whether there are products that are not loaded, and so not searched. */
  more: boolean;
}

/** Narrows the loaded products down, and says how many there are. */
export function SearchRow({ search, onSearch, found, of, more }: Props) {
  const { texts, locale } = useAdminTexts();
  const { list } = texts;
  const count = more ? list.countOrMore(of) : list.count(of);
  return (
    <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-2">
      <div className="relative w-full max-w-sm">
        <Icon
          name="search"
          className="pointer-events-none absolute top-1/2 left-3.5 size-4.5 -translate-y-1/2 text-muted"
        />
        <input
          type="search"
          dir="auto"
          aria-label={list.search}
          aria-describedby="product-count"
          placeholder={list.search}
          value={search}
          autoComplete="off"
          spellCheck={false}
          className="h-11 w-full rounded-xl border border-edge bg-surface pr-3 pl-10 text-base placeholder:text-muted sm:text-sm"
          onChange={(event) => onSearch(event.currentTarget.value)}
        />
      </div>
      <p id="product-count" className="text-sm text-muted tabular-nums">
        {search.trim() === '' ? count : list.found(found, of)} · {list.zone(zoneText(locale, Date.now()))}
      </p>
    </div>
  );
}
