import { getSale } from '../../../api/get-sale';
import type { SaleEvent } from '../../../api/sale-events';
import type { SaleStatus } from '../../../api/wire';
import { jitterMs } from '../../../lib/backoff';
import { Observable } from '../../../lib/observable';
import { foldEvent, foldRead } from './fold-sale';
import { nextReadInMs, SILENCE_MS } from './reading-rhythm';
import { SaleStream } from './sale-stream';
import { ServerClock } from './server-clock';

/**
 * How the page hears of changes: `live` by the stream, `polling` by reads while the stream is refused,
 * `lost` not at all at the moment, `offline` because this device has no network.
 */
export type Link = 'connecting' | 'live' | 'lost' | 'polling' | 'offline';

export interface LiveView {
  sale: SaleStatus | null;
  /** The server said that there is no such sale (or, for the featured one, none at all). */
  missing: boolean;
  /** Nothing could be read yet, and the last try failed. */
  unreachable: boolean;
  link: Link;
  /** Server's clock minus this device's. */
  offsetMs: number;
  /** The instant, by the server's clock, up to which the shown stock is known to hold. */
  asOfMs: number;
}

/** After a read that the stream should have told us: how long it has to do so before it counts as dead. */
const DOUBT_MS = 3000;

/** One sale as the server sees it, kept up to date for as long as somebody looks. */
export class LiveSale {
  readonly view = new Observable<LiveView>({
    sale: null,
    missing: false,
    unreachable: false,
    link: 'connecting',
    offsetMs: 0,
    asOfMs: 0,
  });
  readonly #wanted: string | null;
  readonly #clock = new ServerClock();
  readonly #luck = Math.random();
  #stream: SaleStream | null = null;
  #running = false;
  #reading = false;
  #failures = 0;
  #retryAfterMs = 0;
  #heardAtMs = 0;
  #openUntilMs = 0;
  #renewedAtMs = 0;
  #readTimer: ReturnType<typeof setTimeout> | undefined;
  #doubtTimer: ReturnType<typeof setTimeout> | undefined;

  /** `wanted` is a sku, or null for the featured sale. */
  constructor(wanted: string | null) {
    this.#wanted = wanted;
  }

  /** Begins to follow the sale; the returned function ends it. */
  readonly start = (): (() => void) => {
    this.#running = true;
    const now = Date.now();
    this.#heardAtMs = this.#openUntilMs = this.#renewedAtMs = now;
    addEventListener('online', this.#cameOnline);
    addEventListener('offline', this.#wentOffline);
    document.addEventListener('visibilitychange', this.#becameVisible);
    if (navigator.onLine === false) this.#wentOffline();
    void this.#read();
    return () => {
      this.#running = false;
      removeEventListener('online', this.#cameOnline);
      removeEventListener('offline', this.#wentOffline);
      document.removeEventListener('visibilitychange', this.#becameVisible);
      clearTimeout(this.#readTimer);
      this.#forgetStream();
    };
  };

  async #read(): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    clearTimeout(this.#readTimer);
    const answer = await getSale(this.view.get().sale?.sku ?? this.#wanted);
    this.#reading = false;
    if (!this.#running) return;
    if (answer.kind === 'ok') {
      this.#failures = 0;
      this.#retryAfterMs = 0;
      this.#learn(answer.data);
    } else if (answer.kind === 'failure' && answer.failure.code === 'NOT_FOUND') {
      this.#failures = 0;
      this.#lose();
    } else {
      this.#failures++;
      this.#retryAfterMs = answer.kind === 'unknown' ? 0 : (answer.failure.retryAfter ?? 0) * 1000;
      this.#noteUnreachable(answer.kind === 'unknown');
    }
    this.#plan();
  }

  #learn(read: SaleStatus): void {
    const { sale: before, link } = this.view.get();
    const sale = foldRead(before, read);
    this.#clock.suggest(read.serverTime);
    this.#heardAtMs = Date.now();
    const polling = this.#stream !== null && link !== 'live' && this.#notOpenForMs() >= SILENCE_MS;
    this.#show({
      sale,
      missing: false,
      unreachable: false,
      link: polling ? 'polling' : link,
      asOfMs: this.#clock.nowMs(),
    });
    if (!this.#stream) this.#follow(sale.sku);
    else if (link === 'live') this.#doubt(before, sale);
    else if (polling && Date.now() - this.#renewedAtMs >= SILENCE_MS) this.#renew();
  }

  /** A stream that does not tell what a read has shown is dead without the browser knowing. */
  #doubt(before: SaleStatus | null, after: SaleStatus): void {
    if (before && before.version === after.version && before.state === after.state) return;
    const since = this.#heardAtMs;
    clearTimeout(this.#doubtTimer);
    this.#doubtTimer = setTimeout(() => {
      if (this.#heardAtMs === since) this.#renew();
    }, DOUBT_MS);
  }

  #noteUnreachable(unanswered: boolean): void {
    const { sale, link } = this.view.get();
    if (!sale) this.#show({ unreachable: true });
    else if (link === 'polling') this.#show({ link: 'lost' });
    // No answer at all while the stream looks open: the network went away without a word.
    else if (link === 'live' && unanswered) this.#renew();
  }

  #lose(): void {
    this.#forgetStream();
    this.#show({ sale: null, missing: true, unreachable: false });
  }

  #follow(sku: string): void {
    this.#stream = new SaleStream(sku, {
      opened: () => {
        this.#retryAfterMs = 0;
        this.#heardAtMs = this.#openUntilMs = Date.now();
        this.#show({ link: 'live' });
        this.#plan();
      },
      heard: (event) => this.#hear(event),
      lost: (refused) => this.#streamLost(refused),
    });
    this.#stream.open();
  }

  #hear(event: SaleEvent): void {
    this.#heardAtMs = Date.now();
    if (event.type === 'deleted') {
      this.#lose();
      // The next featured sale, if this page shows that; everybody was told at the same instant.
      this.#readIn(jitterMs(0, 2000));
      return;
    }
    const { sale } = this.view.get();
    if (!sale) return;
    if (event.type === 'initial') this.#clock.tell(event.sale.serverTime);
    this.#show({ sale: foldEvent(sale, event), asOfMs: this.#clock.nowMs() });
    this.#plan();
  }

  #streamLost(refused: boolean): void {
    const { link } = this.view.get();
    if (link === 'live') {
      this.#openUntilMs = Date.now();
      this.#show({ asOfMs: this.#clock.nowMs() });
    }
    if (link !== 'polling') this.#show({ link: navigator.onLine === false ? 'offline' : 'lost' });
    // A refusal may mean that the sale is gone, which only a read can tell apart from a busy server.
    if (refused && link !== 'lost' && link !== 'polling') this.#readIn(jitterMs(200, 1500));
    else this.#plan();
  }

  #renew(): void {
    this.#renewedAtMs = Date.now();
    if (this.view.get().link === 'live') this.#streamLost(false);
    this.#stream?.open();
  }

  #forgetStream(): void {
    clearTimeout(this.#doubtTimer);
    this.#stream?.close();
    this.#stream = null;
    if (this.view.get().link !== 'offline') this.#show({ link: 'connecting' });
  }

  readonly #cameOnline = (): void => {
    this.#failures = 0;
    this.#show({ link: this.#stream ? 'lost' : 'connecting' });
    this.#stream?.open();
    void this.#read();
  };

  readonly #wentOffline = (): void => {
    if (this.view.get().link === 'live') this.#openUntilMs = Date.now();
    this.#show({ link: 'offline' });
  };

  /** A page in the background is throttled or frozen: what it shows, and its clock, may be old. */
  readonly #becameVisible = (): void => {
    if (document.visibilityState === 'visible' && Date.now() - this.#heardAtMs > 5000) void this.#read();
  };

  #notOpenForMs(): number {
    return Date.now() - this.#openUntilMs;
  }

  #plan(): void {
    const { sale, missing, link } = this.view.get();
    this.#readIn(
      nextReadInMs({
        sale,
        missing,
        streamOpen: link === 'live',
        silentForMs: Date.now() - this.#heardAtMs,
        notOpenForMs: this.#notOpenForMs(),
        serverNowMs: this.#clock.nowMs(),
        failures: this.#failures,
        retryAfterMs: this.#retryAfterMs,
        luck: this.#luck,
      }),
    );
  }

  #readIn(delayMs: number): void {
    clearTimeout(this.#readTimer);
    if (this.#running) this.#readTimer = setTimeout(() => void this.#read(), delayMs);
  }

  #show(change: Partial<LiveView>): void {
    this.view.set({ ...this.view.get(), ...change, offsetMs: this.#clock.offsetMs });
  }
}
