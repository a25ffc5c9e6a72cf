import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { useShopTexts } from '../texts/use-shop-texts';

interface Props {
  title: string;
  children: ReactNode;
  /** Something is wrong: it is spoken at once. */
  alert?: boolean;
  /** Whether to offer the way to all sales. */
  home?: boolean;
}

/** A page that has nothing but a message. */
export function PageMessage({ title, children, alert = false, home = false }: Props) {
  const { page } = useShopTexts().texts;
  return (
    <div role={alert ? 'alert' : undefined} className="mx-auto max-w-md py-14 text-center sm:py-20">
      <h1 className="text-2xl font-bold tracking-tight text-balance">{title}</h1>
      <p className="mt-3 wrap-anywhere text-muted">{children}</p>
      {home && (
        <Link href="/" className="solid-button mt-6">
          {page.toShop}
        </Link>
      )}
    </div>
  );
}
