import { useEffect, useRef } from 'react';
import { useLocation } from 'wouter';

/**
 * After a way inside the page: the focus goes to the new page's content, and the view to its top.
 *
 * On the way back the browser brings the view back by itself.
 */
export function useArrival(): void {
  const [path] = useLocation();
  const before = useRef(path);
  const wentBack = useRef(false);
  useEffect(() => {
    // A fragment (the skip link's) is of the same page, and no way back from it.
    const note = () => {
      wentBack.current = location.pathname !== before.current;
    };
    // The router hears of it later, and shows the other page at once.
    addEventListener('popstate', note, { capture: true });
    return () => removeEventListener('popstate', note, { capture: true });
  }, []);
  useEffect(() => {
    if (before.current === path) return;
    before.current = path;
    document.getElementById('main')?.focus({ preventScroll: true });
    if (!wentBack.current) globalThis.scrollTo(0, 0);
    wentBack.current = false;
  }, [path]);
}
