import { LiveSales, type LiveView } from '../live/live-sales';
import { settle } from './until';

const stops = new Set<() => void>();

export interface Following {
  view: () => LiveView;
  /** The skus that are shown, null while nothing is known. */
  skus: () => string[] | null;
  stop: () => void;
}

/** Follows one sale, or all of them, as a page does while it is shown. */
export async function follow(sku: string | null = null): Promise<Following> {
  const live = new LiveSales(sku);
  const stop = live.start();
  stops.add(stop);
  await settle();
  const view = () => live.view.get();
  const skus = () => {
    const { sales } = view();
    return sales && [...sales.keys()];
  };
  return { view, skus, stop };
}

/** Ends what the test left. */
export function stopFollowing(): void {
  for (const stop of stops) stop();
  stops.clear();
}
