import type { Product } from '../../../api/wire';
import { useAdminTexts } from '../../../texts/use-admin-texts';
import { Icon } from '../parts/icon';

/** What an admin can do with one product. */
export type Action = 'edit' | 'details' | 'pause' | 'resume' | 'end' | 'delete';

interface Props {
  product: Product;
  /** On buttons that have room; else the words are their names and tooltips. */
  worded?: boolean;
  onAct: (action: Action, product: Product) => void;
}

const WORDED = 'min-h-14 min-w-16 flex-1 flex-col gap-0.5 py-1.5 text-xs/4 font-medium';
/** The room of one action beside the others. */
const PLACE = 'size-9 shrink-0 pointer-coarse:size-11';
const BARE = `${PLACE} rounded-lg border border-transparent text-muted hover:text-ink`;

/** A product's actions in four places, which stay where they are when the sale turns. */
export function ProductActions({ product, worded = false, onAct }: Props) {
  const { actions: words } = useAdminTexts().texts;
  return (
    <div className={worded ? 'flex flex-wrap divide-x divide-line border-t border-line' : 'flex justify-end'}>
      {placesOf(product).map(([place, action]) =>
        action === null ? (
          !worded && <span key={place} className={PLACE} />
        ) : (
          <button
            key={place}
            type="button"
            aria-label={words.named(words[action], product.productName)}
            title={worded ? undefined : words[action]}
            className={`inline-flex items-center justify-center hover:bg-line/60 ${action === 'delete' ? 'hover:text-bad' : ''} ${worded ? WORDED : BARE}`}
            onClick={() => onAct(action, product)}
          >
            <Icon name={action} />
            {worded && words[action]}
          </button>
        ),
      )}
    </div>
  );
}

function placesOf({ state, paused }: Product): [place: string, action: Action | null][] {
  const over = state === 'ENDED';
  return [
    ['fields', state === 'UPCOMING' ? 'edit' : 'details'],
    ['pause', over ? null : paused ? 'resume' : 'pause'],
    ['end', over ? null : 'end'],
    ['delete', 'delete'],
  ];
}
