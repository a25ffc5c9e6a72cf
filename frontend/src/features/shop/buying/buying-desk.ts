import { Buying } from './buying';

/**
 * The page's attempts, one object a buyer.
 *
 * It hands out the same object for the same name at any time, so that a press right after typing a name acts on
 * what the next rendering shows.
 */
export class BuyingDesk {
  readonly #sku: string;
  readonly #byBuyer = new Map<string, Buying>();

  constructor(sku: string) {
    this.#sku = sku;
  }

  of(buyer: string): Buying {
    const known = this.#byBuyer.get(buyer);
    if (known) return known;
    const made = new Buying(this.#sku, buyer);
    this.#byBuyer.set(buyer, made);
    return made;
  }

  /** Forgets the buyer; one of that name who comes later is new. */
  forget(buyer: string): void {
    this.of(buyer).forget();
    this.#byBuyer.delete(buyer);
  }
}
