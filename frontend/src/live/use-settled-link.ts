import { useEffect, useState } from 'react';
import type { Link } from './live-sales';

const DEBOUNCE_MS = 1500;

/** The link as it is worth showing: a drop that heals within a moment never shows. */
export function useSettledLink(link: Link): Link {
  const [shown, setShown] = useState<Link>(link);
  useEffect(() => {
    const waitMs = link === 'lost' || link === 'connecting' ? DEBOUNCE_MS : 0;
    const timer = setTimeout(() => setShown(link), waitMs);
    return () => clearTimeout(timer);
  }, [link]);
  return shown;
}
