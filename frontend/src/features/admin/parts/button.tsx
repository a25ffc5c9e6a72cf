import type { ButtonHTMLAttributes, ReactNode } from 'react';

const LOOKS = {
  primary: 'border-transparent bg-brand text-on-brand hover:brightness-110',
  danger: 'border-transparent bg-bad text-on-brand hover:brightness-110',
  quiet: 'border-edge bg-surface hover:bg-line/50',
} as const;

interface Props extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'disabled' | 'className'> {
  look: keyof typeof LOOKS;
  /** Something is under way: pressing does nothing, and the words say what. */
  busy?: boolean;
  children: ReactNode;
}

/** A button with words. It is never `disabled`, so that it keeps the focus while it works. */
export function Button({ look, busy = false, type = 'button', onClick, children, ...others }: Props) {
  return (
    <button
      {...others}
      type={type}
      aria-disabled={busy}
      aria-busy={busy}
      className={`inline-flex min-h-11 items-center justify-center gap-2 rounded-xl border px-4 py-2 text-sm font-semibold wrap-anywhere transition aria-disabled:cursor-progress ${LOOKS[look]}`}
      onClick={(event) => {
        if (!busy) onClick?.(event);
      }}
    >
      {busy && <span aria-hidden="true" className="spinner size-4" />}
      {children}
    </button>
  );
}
