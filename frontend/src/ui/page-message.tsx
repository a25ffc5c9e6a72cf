import type { ReactNode } from 'react';

interface Props {
  title: string;
  children: ReactNode;
  /** Something is wrong: it is spoken at once. */
  alert?: boolean;
  /** Whether to offer the way to the featured sale. */
  home?: boolean;
}

/** A page that has nothing but a message. */
export function PageMessage({ title, children, alert = false, home = false }: Props) {
  return (
    <div role={alert ? 'alert' : undefined} className="mx-auto max-w-md py-20 text-center">
      <h1 className="text-2xl font-bold tracking-tight text-balance">{title}</h1>
      <p className="mt-3 break-words text-muted">{children}</p>
      {home && (
        <a
          href="/"
          className="mt-6 inline-flex h-12 items-center rounded-2xl bg-brand px-6 font-semibold text-on-brand"
        >
          To the shop
        </a>
      )}
    </div>
  );
}
