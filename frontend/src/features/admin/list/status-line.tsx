import { useAdminTexts } from '../../../texts/use-admin-texts';
import { Icon } from '../parts/icon';

/**
 * What was done last, said once and shown until it is dismissed or something else is done.
 *
 * The region is always there, so that its text is spoken when it comes.
 */
export function StatusLine({ text, onDismiss }: { text: string; onDismiss: () => void }) {
  const { done } = useAdminTexts().texts;
  return (
    <div className="pointer-events-none fixed inset-x-4 bottom-4 z-10 flex justify-center pb-[env(safe-area-inset-bottom)]">
      <div
        className={
          text === ''
            ? 'sr-only'
            : 'pointer-events-auto flex max-w-lg items-center gap-3 rounded-2xl border border-ok/50 bg-surface py-1 pr-1.5 pl-4 text-sm font-medium shadow-xl'
        }
      >
        {text !== '' && <Icon name="check" className="size-5 text-ok" />}
        <p role="status" className="wrap-anywhere">
          {text}
        </p>
        {text !== '' && (
          <button
            type="button"
            aria-label={done.dismiss}
            className="inline-flex size-11 shrink-0 items-center justify-center rounded-xl text-muted hover:bg-line/50 hover:text-ink"
            onClick={onDismiss}
          >
            <Icon name="close" />
          </button>
        )}
      </div>
    </div>
  );
}
