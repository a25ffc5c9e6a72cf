import { useEffect, useMemo, useSyncExternalStore } from 'react';
import type { BuyingView, Terms } from './buying';
import { BuyingDesk } from './buying-desk';

export interface BuyingHere extends BuyingView {
  /** Buys under the given name. */
  press: (buyer: string) => void;
  /** Drops what this browser remembers of that buyer's purchases. */
  forget: (buyer: string) => void;
}

/** The attempts of the named buyer at one sale; '' is nobody, who holds and attempts nothing. */
export function useBuying(sku: string, buyer: string, terms: Terms): BuyingHere {
  const desk = useMemo(() => new BuyingDesk(sku), [sku]);
  const buying = desk.of(buyer);
  const { version, limitPerBuyer } = terms;
  useEffect(() => {
    if (buyer !== '') void buying.recall({ version, limitPerBuyer });
  }, [buying, buyer, version, limitPerBuyer]);
  useEffect(() => {
    // Browsers tell of it in the other tabs only.
    addEventListener('storage', buying.readRecords);
    return () => {
      removeEventListener('storage', buying.readRecords);
      buying.leave();
    };
  }, [buying]);
  const view = useSyncExternalStore(buying.view.subscribe, buying.view.get);
  const press = (name: string) => void desk.of(name).press(terms);
  return { ...view, press, forget: (name) => desk.forget(name) };
}
