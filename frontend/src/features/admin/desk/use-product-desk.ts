import { useEffect, useState, useSyncExternalStore } from 'react';
import { type DeskView, ProductDesk } from './product-desk';

/** The products and the desk that keeps them, for as long as the component is shown. */
export function useProductDesk(): [DeskView, ProductDesk] {
  const [desk] = useState(() => new ProductDesk());
  useEffect(() => desk.start(), [desk]);
  return [useSyncExternalStore(desk.view.subscribe, desk.view.get), desk];
}
