import type { Product } from '../../../api/wire';
import { useAdminTexts } from '../../../texts/use-admin-texts';
import { Button } from '../parts/button';
import { Outcome } from '../parts/outcome';
import { TroubleWords } from '../parts/trouble-words';
import { ConflictPanel } from './conflict-panel';
import type { EditorView, ProductEditor } from './product-editor';

interface Props {
  editor: ProductEditor;
  view: EditorView;
  onSaved: (product: Product) => void;
}

/** What came of the last try to save, and what can be done about it. */
export function EditorOutcome({ editor, view, onSaved }: Props) {
  const { texts } = useAdminTexts();
  const { form } = texts;
  const { state } = view;
  const isNew = editor.sku === null;

  switch (state.name) {
    case 'failed':
      return <Outcome of={state} tone="bad" icon="warning" says={<TroubleWords trouble={state.trouble} />} />;
    case 'unsure':
      return (
        <Outcome
          of={state}
          tone="warn"
          icon="warning"
          says={
            <>
              <TroubleWords trouble={state.trouble} /> {isNew ? form.maybeCreated : form.maybeSaved}
            </>
          }
        >
          <div>
            <Button
              look="quiet"
              onClick={async () => {
                const saved = await editor.lookAgain();
                if (saved) onSaved(saved);
              }}
            >
              {texts.actions.lookAgain}
            </Button>
          </div>
        </Outcome>
      );
    case 'conflict':
      return (
        <Outcome
          of={state}
          tone="warn"
          icon="warning"
          says={
            <>
              <span className="block text-base font-semibold">{texts.conflict.title}</span>{' '}
              <span className="mt-1 block text-muted">{texts.conflict.lead}</span>
            </>
          }
        >
          <ConflictPanel editor={editor} view={view} newer={state.newer} onSaved={onSaved} />
        </Outcome>
      );
    case 'begun':
      return <Outcome of={state} tone="warn" icon="lock" says={form.begun} />;
    case 'ready': {
      if (state.note === null) return null;
      const undone = isNew ? form.notCreated : form.notSaved;
      const says = state.note === 'nothingChanged' ? form.nothingChanged : undone;
      return <Outcome of={state} tone="plain" icon="warning" says={says} />;
    }
    case 'reading':
    case 'unreadable':
    case 'working':
      return null;
  }
}
