import type { Answer } from '../../../api/answer';
import { listProducts, type ProductPage } from '../../../api/list-products';
import type { SaleEvent } from '../../../api/sale-events';
import type { Product } from '../../../api/wire';
import { backoffMs, jitterMs } from '../../../lib/backoff';
import { Observable } from '../../../lib/observable';
import { SaleStream } from '../../../live/sale-stream';
import { whileLookedAt } from '../../../live/while-looked-at';
import { asAdmin } from '../session/admin-session';
import { type Trouble, troubleOf } from '../trouble';
import { foldAnswer, foldEvent } from './fold-product';

export interface DeskView {
  /** Newest first; null until they were read once. */
  products: readonly Product[] | null;
  /** Whether there are products that are not loaded. */
  more: boolean;
  loadingMore: boolean;
  /** Why the last reading failed. */
  trouble: Trouble | null;
  link: 'connecting' | 'live' | 'lost';
  /** The instant, by this device's clock, up to which what is shown is known to hold. */
  asOfMs: number;
}

const PAGE_PRODUCTS = 50;

/** The products that are on the table: read page by page, kept live by one stream. */
export class ProductDesk {
  readonly view = new Observable<DeskView>({
    products: null,
    more: false,
    loadingMore: false,
    trouble: null,
    link: 'connecting',
    asOfMs: 0,
  });
  readonly #stream = new SaleStream(null, {
    opened: () => this.#opened(),
    heard: (event) => this.#hear(event),
    lost: () => this.#lost(),
  });
  /** Whether the list is shown, and somebody looks at it. */
  #awake = false;
  #following = false;
  #reading: Promise<void> | null = null;
  #pages = 1;
  #failures = 0;
  /** Counts what a list that is being read cannot know: products that came or went otherwise, a page more. */
  #outdated = 0;
  #nextReadMs = Number.POSITIVE_INFINITY;
  #readTimer: ReturnType<typeof setTimeout> | undefined;

  /** Begins to follow the products; the returned function ends it. */
  readonly start = (): (() => void) =>
    whileLookedAt(
      () => this.#wake(),
      () => this.#rest(),
    );

  /** Reads all pages that are shown, from the first. */
  readonly read = (): Promise<void> => {
    this.#reading ??= this.#readAll().finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  };

  readonly loadMore = async (): Promise<void> => {
    if (this.view.get().loadingMore) return;
    this.#pages++;
    this.#outdated++;
    this.#show({ loadingMore: true });
    await this.read();
    this.#show({ loadingMore: false });
  };

  /** Takes in a product as the answer to a change has it. */
  readonly put = (product: Product): void => {
    const { products } = this.view.get();
    if (!products) return;
    if (this.#find(product.sku)) this.#change(product.sku, (shown) => foldAnswer(shown, product));
    else {
      this.#outdated++;
      this.#show({ products: [product, ...products] });
    }
    this.#plan();
  };

  /** Takes a product away that is deleted. */
  readonly drop = (sku: string): void => {
    const { products } = this.view.get();
    this.#outdated++;
    this.#show({ products: products?.filter((product) => product.sku !== sku) ?? null });
  };

  #wake(): void {
    this.#awake = true;
    void this.read();
  }

  #rest(): void {
    this.#awake = false;
    this.#forgetPlan();
    this.#stream.close();
    this.#following = false;
    this.#show({ link: 'connecting' });
  }

  async #readAll(): Promise<void> {
    let outdated: number;
    do {
      outdated = this.#outdated;
      this.#forgetPlan();
      const read: Product[] = [];
      let cursor: string | null = null;
      for (let page = 0; page < this.#pages && (page === 0 || cursor !== null); page++) {
        const from: string | null = cursor;
        const answer: Answer<ProductPage> = await asAdmin((key) => listProducts(key, PAGE_PRODUCTS, from));
        if (!this.#awake) return;
        if (answer.kind !== 'ok') return this.#fail(troubleOf(answer));
        read.push(...answer.data.products);
        cursor = answer.data.nextCursor;
      }
      if (outdated === this.#outdated) this.#learn(read, cursor !== null);
    } while (outdated !== this.#outdated);
  }

  #learn(read: readonly Product[], more: boolean): void {
    const products = read.map((product) => foldAnswer(this.#find(product.sku), product));
    this.#failures = 0;
    this.#show({ products, more, trouble: null, asOfMs: Date.now() });
    if (!this.#following) this.#stream.open();
    this.#following = true;
    this.#plan();
  }

  #fail(trouble: Trouble): void {
    const waitMs = trouble.name === 'tooFast' ? trouble.seconds * 1000 : 0;
    this.#show({ trouble });
    this.#readIn(Math.max(waitMs, backoffMs({ baseMs: 2000, capMs: 30_000 }, this.#failures++)));
  }

  #opened(): void {
    const again = this.view.get().link === 'lost';
    this.#show({ link: 'live' });
    this.#forgetPlan();
    // What came and went meanwhile is not told by a new stream.
    if (again) this.#readSoon();
    else this.#plan();
  }

  #lost(): void {
    this.#show({ link: 'lost', asOfMs: Math.max(this.view.get().asOfMs, this.#stream.beatAtMs) });
    this.#plan();
  }

  #hear(event: SaleEvent): void {
    const { sku } = event;
    if (event.type === 'deleted') {
      if (this.#find(sku)) this.drop(sku);
      this.#readSoon();
    } else if (this.#find(sku)) {
      this.#change(sku, (product) => foldEvent(product, event));
      this.#plan();
    } else if (event.type === 'initial') {
      this.#readSoon();
    }
  }

  #find(sku: string): Product | null {
    return this.view.get().products?.find((product) => product.sku === sku) ?? null;
  }

  #change(sku: string, fold: (product: Product) => Product): void {
    const { products } = this.view.get();
    this.#show({ products: products?.map((one) => (one.sku === sku ? fold(one) : one)) ?? null });
  }

  /**
   * Plans the next reading: soon while the stream is away or the ledger is behind, which no event tells, else
   * seldom. What is planned earlier stays.
   */
  #plan(): void {
    const { products, link } = this.view.get();
    const behind = products?.some((one) => (one.persistedPurchases ?? 0) !== one.totalPurchases) ?? false;
    this.#readIn(link !== 'live' || behind ? jitterMs(4000, 7000) : jitterMs(30_000, 45_000));
  }

  #readSoon(): void {
    this.#readIn(jitterMs(200, 1200));
  }

  #readIn(delayMs: number): void {
    const atMs = Date.now() + delayMs;
    if (!this.#awake || this.#nextReadMs <= atMs) return;
    clearTimeout(this.#readTimer);
    this.#nextReadMs = atMs;
    this.#readTimer = setTimeout(() => {
      this.#forgetPlan();
      void this.read();
    }, delayMs);
  }

  #forgetPlan(): void {
    clearTimeout(this.#readTimer);
    this.#nextReadMs = Number.POSITIVE_INFINITY;
  }

  #show(change: Partial<DeskView>): void {
    this.view.set({ ...this.view.get(), ...change });
  }
}
