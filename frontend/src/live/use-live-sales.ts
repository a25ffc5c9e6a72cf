import { useEffect, useMemo, useSyncExternalStore } from 'react';
import { LiveSales, type LiveView } from './live-sales';

/** Follows the named sale, or all public ones when `sku` is null, while the component is shown. */
export function useLiveSales(sku: string | null): LiveView {
  const live = useMemo(() => new LiveSales(sku), [sku]);
  useEffect(() => live.start(), [live]);
  return useSyncExternalStore(live.view.subscribe, live.view.get);
}
