import { useEffect, useState, useSyncExternalStore } from 'react';
import { LiveSale, type LiveView } from './live-sale';

/** Follows the named sale, or the featured one when `sku` is null, while the component is shown. */
export function useLiveSale(sku: string | null): LiveView {
  const [live] = useState(() => new LiveSale(sku));
  useEffect(() => live.start(), [live]);
  return useSyncExternalStore(live.view.subscribe, live.view.get);
}
