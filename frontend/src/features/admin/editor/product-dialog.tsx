import { type FormEvent, useEffect, useState, useSyncExternalStore } from 'react';
import type { Product } from '../../../api/wire';
import type { AdminTexts } from '../../../texts/en/admin';
import { useAdminTexts } from '../../../texts/use-admin-texts';
import { Button } from '../parts/button';
import { Modal } from '../parts/modal';
import { Notice } from '../parts/notice';
import { TroubleWords } from '../parts/trouble-words';
import { EditorOutcome } from './editor-outcome';
import { FaultSummary } from './fault-summary';
import { LOCK_ID } from './form-field';
import type { ProductEditor } from './product-editor';
import { SaleFields, ShownFields } from './product-fields';

interface Props {
  editor: ProductEditor;
  /** The product as the list has it; null for a new one. */
  product: Product | null;
  onClose: () => void;
  onSaved: (product: Product) => void;
}

/** Makes or changes a product; one whose sale has begun is shown, with the reason why it is locked. */
export function ProductDialog({ editor, product, onClose, onSaved }: Props) {
  const { texts } = useAdminTexts();
  const words = texts.form;
  const view = useSyncExternalStore(editor.view.subscribe, editor.view.get);
  const [isDraft, setIsDraft] = useState(editor.isDirty);
  const { state } = view;
  const isNew = editor.sku === null;
  const busy = state.name === 'working';
  // The stream tells what a change made of the sale before its answer does.
  const lock = isNew || busy ? null : lockOf(product, words);
  // A sale that began unnoticed takes no change either: sending it again would bring the same.
  const begun = state.name === 'begun';
  const read = state.name !== 'reading' && state.name !== 'unreadable';
  const form = { editor, view, locked: lock !== null };

  useEffect(() => {
    if (!isDraft) void editor.startAfresh();
  }, [editor, isDraft]);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (lock !== null || begun || state.name === 'conflict') return;
    const saved = await editor.save();
    if (saved) onSaved(saved);
  };

  return (
    <Modal title={isNew ? words.create : lock === null ? words.edit : words.details} wide onClose={onClose}>
      {state.name === 'reading' && (
        <p role="status" className="px-5 py-16 text-center text-muted sm:px-7">
          {words.reading}
        </p>
      )}
      {state.name === 'unreadable' && (
        <div className="grid gap-4 px-5 py-6 sm:px-7">
          <Notice tone="bad" icon="warning" spoken>
            <p>
              <TroubleWords trouble={state.trouble} />
            </p>
          </Notice>
          <div>
            <Button look="quiet" onClick={editor.startAfresh}>
              {texts.actions.tryAgain}
            </Button>
          </div>
        </div>
      )}
      {read && (
        <form noValidate onSubmit={submit}>
          <div className="grid grid-cols-1 gap-6 px-5 py-5 sm:px-7">
            {isDraft && (
              <Notice tone="plain" icon="edit">
                <div className="flex flex-wrap items-center justify-between gap-3">
                  {words.draft}
                  <Button look="quiet" onClick={() => setIsDraft(false)}>
                    {words.afresh}
                  </Button>
                </div>
              </Notice>
            )}
            {lock !== null && (
              <Notice tone="plain" icon="lock" id={LOCK_ID}>
                {lock}
              </Notice>
            )}
            <FaultSummary view={view} />
            <ShownFields form={form} />
            <SaleFields form={form} />
            <EditorOutcome editor={editor} view={view} onSaved={onSaved} />
          </div>
          <div className="flex flex-wrap justify-end gap-3 border-t border-line bg-surface px-5 py-4 sm:px-7 [@media(height>=36rem)]:sticky [@media(height>=36rem)]:bottom-0">
            <Button look="quiet" onClick={onClose}>
              {lock === null && !begun ? texts.actions.cancel : texts.actions.close}
            </Button>
            {lock === null && !begun && state.name !== 'conflict' && (
              <Button look="primary" type="submit" busy={busy}>
                {busy ? (isNew ? words.creating : words.saving) : isNew ? words.doCreate : words.save}
              </Button>
            )}
          </div>
        </form>
      )}
    </Modal>
  );
}

/** Why the fields cannot be changed; null while they can. */
function lockOf(product: Product | null, words: AdminTexts['form']): string | null {
  if (product === null || product.state === 'UPCOMING') return null;
  if (product.state === 'ACTIVE') return words.lockedRunning;
  return product.endReason === 'SOLD_OUT' ? words.lockedSoldOut : words.lockedOver;
}
