import type { ProductRead } from '../../../api/get-product';
import type { Product } from '../../../api/wire';
import { useAdminTexts } from '../../../texts/use-admin-texts';
import { Button } from '../parts/button';
import { differing, entriesOf, FIELDS } from './entries';
import type { EditorView, ProductEditor } from './product-editor';

interface Props {
  editor: ProductEditor;
  view: EditorView;
  newer: ProductRead;
  onSaved: (product: Product) => void;
}

/** What somebody else made of the product beside what was typed, and the choice between the two. */
export function ConflictPanel({ editor, view, newer, onSaved }: Props) {
  const { texts, locale } = useAdminTexts();
  const words = texts.conflict;
  const { base, entries } = view;
  const theirs = entriesOf(newer.product, locale);
  const mine = differing(base, entries);
  const touched = FIELDS.filter((field) => mine.includes(field) || base[field] !== theirs[field]);
  const shown = (text: string) => text || words.empty;
  return (
    <>
      <ul aria-label={words.caption} className="divide-y divide-line border-y border-line">
        {touched.map((field) => (
          <li key={field} data-field={field} className="grid gap-x-4 py-2 sm:grid-cols-[9rem_1fr]">
            <p className="font-medium">{texts.fields[field]}</p>
            <dl className="grid gap-x-4 gap-y-1 sm:grid-cols-2 [&_dt]:text-xs [&_dt]:text-muted">
              <div>
                <dt>{words.theirs}</dt>
                <dd>{shown(theirs[field])}</dd>
              </div>
              <div>
                <dt>{words.yours}</dt>
                <dd className={mine.includes(field) ? '' : 'text-muted'}>
                  {mine.includes(field) ? shown(entries[field]) : words.unchanged}
                </dd>
              </div>
            </dl>
          </li>
        ))}
      </ul>
      <div className="grid gap-3 sm:grid-cols-2">
        <div>
          <Button look="quiet" aria-describedby="take-newer-hint" onClick={editor.takeNewer}>
            {words.takeNewer}
          </Button>
          <p id="take-newer-hint" className="mt-1.5 text-xs/5 text-muted">
            {words.takeNewerHint}
          </p>
        </div>
        <div>
          <Button
            look="danger"
            aria-describedby="overwrite-hint"
            onClick={async () => {
              const saved = await editor.overwrite();
              if (saved) onSaved(saved);
            }}
          >
            {words.overwrite}
          </Button>
          <p id="overwrite-hint" className="mt-1.5 text-xs/5 text-muted">
            {words.overwriteHint(mine.map((field) => texts.fields[field]).join(', '))}
          </p>
        </div>
      </div>
    </>
  );
}
