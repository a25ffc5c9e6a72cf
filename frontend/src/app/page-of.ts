/** What a path of this site shows. */
export type Page = { name: 'shop'; sku: string | null } | { name: 'notFound' };

const SALE_PATH = /^\/sales\/([A-Za-z0-9-]{1,64})\/?$/;

export function pageOf(path: string): Page {
  if (path === '/') return { name: 'shop', sku: null };
  const sku = SALE_PATH.exec(path)?.[1];
  return sku === undefined ? { name: 'notFound' } : { name: 'shop', sku };
}
