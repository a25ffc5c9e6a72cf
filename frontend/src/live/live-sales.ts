import type { SaleEvent } from '../api/sale-events';
import type { SaleStatus } from '../api/wire';
import { Observable } from '../lib/observable';
import { foldEvent, foldRead, type Sales } from './fold-sales';
import type { Away } from './reading-rhythm';
import { recentSales } from './recent-sales';
import { SaleReader } from './sale-reader';
import { type Loss, SaleStream, SILENCE_MS } from './sale-stream';
import { whileLookedAt } from './while-looked-at';

/**
 * How the page hears of changes: `live` by the stream, `polling` by reads in its place, `lost` not at all at the
 * moment, `offline` because this device has no network.
 */
export type Link = 'connecting' | 'live' | 'lost' | 'polling' | 'offline';

export interface LiveView {
  /** Null while nothing is known; what is not in it does not exist. */
  sales: Sales | null;
  /** Nothing could be read yet, and the last try failed. */
  unreachable: boolean;
  link: Link;
  /** Server's clock minus this device's. */
  offsetMs: number;
  /** The instant, by the server's clock, up to which what is shown is known to hold. */
  asOfMs: number;
}

/** A new stream that named no sale for so long has named all: those that it did not name are gone. */
const ALL_NAMED_MS = 2000;

/**
 * One sale, or all public ones, as the server sees them, for as long as somebody looks.
 *
 * Architecture invariant: while the stream is open a page reads nothing, in particular not at the start or the
 * end of a sale, where every page would read at once.
 */
export class LiveSales {
  readonly view: Observable<LiveView>;
  readonly #sku: string | null;
  readonly #stream: SaleStream;
  readonly #reader: SaleReader;
  /** Whether the page is shown, and somebody looks at it. */
  #awake = false;
  #away: Omit<Away, 'forMs'> = { stream: 'opening', told: false };
  #openUntilMs = 0;
  /** Sales that are shown and that the new stream has not named yet; null once all are. */
  #unnamed: Set<string> | null = null;
  #namedTimer: ReturnType<typeof setTimeout> | undefined;

  /** Follows the sale of that sku, or all public sales if it is null. */
  constructor(sku: string | null) {
    this.#sku = sku;
    const seen = recentSales.recall(sku);
    this.view = new Observable<LiveView>({
      sales: seen?.sales ?? null,
      unreachable: false,
      link: 'connecting',
      offsetMs: recentSales.clock.offsetMs,
      asOfMs: seen?.asOfMs ?? 0,
    });
    this.#reader = new SaleReader(sku, (sales) => this.#learn(sales));
    this.#stream = new SaleStream(sku, {
      opened: () => this.#opened(),
      heard: (event) => this.#hear(event),
      lost: (why) => this.#lost(why),
    });
  }

  /** Begins to follow; the returned function ends it. */
  readonly start = (): (() => void) => {
    addEventListener('online', this.#cameOnline);
    addEventListener('offline', this.#wentOffline);
    const unfollow = whileLookedAt(
      () => this.#wake(),
      () => this.#rest(),
    );
    return () => {
      removeEventListener('online', this.#cameOnline);
      removeEventListener('offline', this.#wentOffline);
      unfollow();
    };
  };

  #wake(): void {
    this.#awake = true;
    this.#away = { stream: 'opening', told: false };
    this.#openUntilMs = Date.now();
    // What is shown from before is old until the stream says otherwise.
    if (this.view.get().sales?.size) this.#show({ link: 'lost' });
    this.#stream.open();
    this.#plan();
  }

  #rest(): void {
    this.#awake = false;
    this.#cease('connecting');
    this.#reader.rest();
    this.#stream.close();
  }

  #opened(): void {
    this.#reader.rest();
    this.#away.stream = 'opening';
    // The stream of one sale names it, or is refused; that of all sales does not say when it has named them.
    this.#unnamed = this.#sku === null ? new Set(this.view.get().sales?.keys()) : null;
    this.#awaitNames();
    this.#show({ link: 'live', unreachable: false });
  }

  #hear(event: SaleEvent): void {
    this.#away.told = true;
    if (event.type === 'initial') {
      recentSales.clock.hear(event.sale.serverTime);
      this.#unnamed?.delete(event.sku);
      this.#awaitNames();
    }
    this.#show({ sales: foldEvent(this.view.get().sales ?? new Map(), event) });
  }

  /** Only names make it wait on: a busy shop is never quiet. */
  #awaitNames(): void {
    const unnamed = this.#unnamed;
    if (!unnamed) return;
    clearTimeout(this.#namedTimer);
    this.#namedTimer = setTimeout(() => {
      this.#unnamed = null;
      this.#away.told = true;
      const { sales } = this.view.get();
      // An empty shop says so by naming nothing.
      const named = [...(sales ?? [])].filter(([sku]) => !unnamed.has(sku));
      if (named.length !== sales?.size) this.#show({ sales: new Map(named) });
    }, ALL_NAMED_MS);
  }

  #lost(why: Loss): void {
    if (why === 'missing') {
      this.#cease('connecting');
      this.#reader.rest();
      this.#away.told = true;
      this.#openUntilMs = Date.now();
      this.#show({ sales: new Map(), unreachable: false });
      return;
    }
    const { link } = this.view.get();
    this.#cease(link === 'polling' ? link : navigator.onLine === false ? 'offline' : 'lost');
    // A refusal stands until a stream is open, though other tries may break before they are refused.
    if (this.#away.stream !== 'refused') this.#away.stream = why;
    this.#plan();
  }

  /** What a read told; null if it failed. */
  #learn(read: readonly SaleStatus[] | null): void {
    const { sales, link } = this.view.get();
    if (read) {
      this.#away.told = true;
      for (const { serverTime } of read.slice(0, 1)) recentSales.clock.hear(serverTime);
      const instead = this.#away.stream === 'refused' || this.#awayForMs() >= SILENCE_MS;
      this.#show({
        sales: foldRead(sales ?? new Map(), read),
        unreachable: false,
        link: instead ? 'polling' : 'lost',
        asOfMs: recentSales.clock.nowMs(),
      });
    } else {
      this.#show({ unreachable: sales === null, link: link === 'polling' ? 'lost' : link });
    }
    this.#plan();
  }

  #awayForMs(): number {
    return Math.max(0, Date.now() - this.#openUntilMs);
  }

  #plan(): void {
    this.#reader.plan({ ...this.#away, forMs: this.#awayForMs() });
  }

  readonly #cameOnline = (): void => {
    if (!this.#awake) return;
    this.#cease('lost');
    this.#reader.rest();
    this.#stream.open();
    this.#plan();
  };

  readonly #wentOffline = (): void => {
    if (!this.#awake) return;
    this.#cease('offline');
    // Browsers are wrong about it at times (a shop on this very machine): the stream knows better.
    this.#stream.open();
    this.#plan();
  };

  /** The stream tells no more: what is shown holds up to its last beat. */
  #cease(link: Link): void {
    clearTimeout(this.#namedTimer);
    this.#unnamed = null;
    if (this.view.get().link === 'live') {
      this.#openUntilMs = this.#stream.beatAtMs;
      this.#show({ asOfMs: this.#openUntilMs + recentSales.clock.offsetMs });
    }
    this.#show({ link });
  }

  #show(change: Partial<LiveView>): void {
    const { clock } = recentSales;
    if (change.sales) recentSales.see(this.#sku, { sales: change.sales, asOfMs: clock.nowMs() });
    this.view.set({ ...this.view.get(), ...change, offsetMs: clock.offsetMs });
  }
}
