import { useSyncExternalStore } from 'react';

const NARROW = '(width < 56rem)';

const media = globalThis.matchMedia?.(NARROW);

const subscribe = (changed: () => void): (() => void) => {
  media?.addEventListener('change', changed);
  return () => media?.removeEventListener('change', changed);
};

/** Whether the page is too narrow for a table. */
export function useNarrow(): boolean {
  return useSyncExternalStore(subscribe, () => media?.matches ?? false);
}
