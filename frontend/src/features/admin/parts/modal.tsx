import { type ReactNode, useEffect, useId, useLayoutEffect, useRef } from 'react';
import { useAdminTexts } from '../../../texts/use-admin-texts';
import { Icon } from './icon';

interface Props {
  title: string;
  /** Room for a form; else for a question. */
  wide?: boolean;
  onClose: () => void;
  children: ReactNode;
}

/** A native modal dialog: the browser keeps the focus inside and gives it back when the dialog goes. */
export function Modal({ title: words, wide = false, onClose, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useRef<HTMLHeadingElement>(null);
  const settled = useRef(false);
  const titleId = useId();
  const { texts } = useAdminTexts();

  // Before the browser paints, and closed before it leaves the page: only then the focus goes back.
  useLayoutEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    return () => {
      settled.current = false;
      shown?.close();
    };
  }, []);

  // What has the focus first may come later: a form is read before.
  useLayoutEffect(() => {
    if (settled.current) return;
    const first = dialog.current?.querySelector<HTMLElement>('[data-first]');
    first?.focus();
    settled.current = Boolean(first);
  });

  // What had the focus may be gone with a change of what is asked, and a reader must not fall out of the dialog.
  useEffect(() => {
    if (document.activeElement === document.body) title.current?.focus({ preventScroll: true });
  });

  return (
    <dialog
      ref={dialog}
      aria-labelledby={titleId}
      className={`m-auto max-h-dvh w-full overflow-y-auto overscroll-contain rounded-3xl border border-line bg-surface text-ink shadow-2xl backdrop:bg-black/60 max-sm:mb-0 max-sm:max-w-none max-sm:rounded-b-none sm:max-h-[calc(100dvh-2rem)] ${wide ? 'scroll-pb-28 sm:max-w-2xl' : 'sm:max-w-lg'}`}
      onClose={() => {
        if (!dialog.current?.open) onClose();
      }}
    >
      <div className="flex items-start justify-between gap-4 px-5 pt-5 sm:px-7 sm:pt-6">
        <h2
          ref={title}
          id={titleId}
          tabIndex={-1}
          className="text-xl font-bold tracking-tight text-balance wrap-anywhere"
        >
          {words}
        </h2>
        <button
          type="button"
          aria-label={texts.actions.close}
          className="-mt-1.5 -mr-2.5 inline-flex size-11 shrink-0 items-center justify-center rounded-xl text-muted hover:bg-line/50 hover:text-ink"
          onClick={onClose}
        >
          <Icon name="close" />
        </button>
      </div>
      {children}
    </dialog>
  );
}
