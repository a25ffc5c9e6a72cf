import type { SaleEvent } from '../api/sale-events';
import { type Refusal, watchSales } from '../api/watch-sales';
import { type Backoff, backoffMs, jitterMs } from '../lib/backoff';

export interface StreamListener {
  /** The first bytes came: an answer alone may come from a proxy that keeps the rest to itself. */
  opened(): void;
  heard(event: SaleEvent): void;
  /** Nothing is heard until it is opened again, which happens by itself. */
  lost(why: Loss): void;
}

/** The server knows no such sale, somebody on the way answered with no stream, or it broke or fell silent. */
export type Loss = 'missing' | 'refused' | 'broken';

/** A stream that is silent for two of the server's heartbeats is dead, though nobody said so. */
export const SILENCE_MS = 30_000;
/** How often the clock is looked at. */
const LOOK_MS = 1000;
/** A look that comes so much too late, or too early, comes after a sleep or a change of the clock. */
const SLEPT_MS = 10_000;
/** All streams of a server break at once when it restarts: from the first try on they are spread over seconds. */
const REOPEN: Backoff = { baseMs: 4000, capMs: 10_000 };
const RETRY_MS_MIN = 1000;
/** A stream that was heard for so long was no accident, and the next one may come as soon as the first. */
const STOOD_MS = 10_000;
/** Between two looks for a sale that does not exist (yet). */
const MISSING_MS = { from: 10_000, to: 20_000 };

/** The event stream of one sale or of all, reopened with jitter for as long as it is wanted. */
export class SaleStream {
  readonly #sku: string | null;
  readonly #listener: StreamListener;
  /** Ends the connection; null while there is none. */
  #stop: (() => void) | null = null;
  #tries = 0;
  #retryMs = RETRY_MS_MIN;
  #openedAtMs: number | null = null;
  #beatAtMs = 0;
  #lookedAtMs = 0;
  #look: ReturnType<typeof setTimeout> | undefined;
  #reopening: ReturnType<typeof setTimeout> | undefined;

  constructor(sku: string | null, listener: StreamListener) {
    this.#sku = sku;
    this.#listener = listener;
  }

  /** When something came last, be it a heartbeat; this device's clock. */
  get beatAtMs(): number {
    return Math.min(this.#beatAtMs, Date.now());
  }

  /** Opens a new connection in place of whatever there is. */
  open(): void {
    this.close();
    this.#openedAtMs = null;
    this.#beatAtMs = Date.now();
    this.#lookAgain();
    this.#stop = watchSales(this.#sku, {
      beat: () => this.#beat(),
      heard: (event) => this.#listener.heard(event),
      told: (retryMs) => {
        this.#retryMs = Math.max(RETRY_MS_MIN, retryMs);
      },
      ended: (refusal) => this.#end(refusal),
    });
  }

  /** Lets the connection go and opens no other. */
  close(): void {
    clearTimeout(this.#look);
    clearTimeout(this.#reopening);
    this.#stop?.();
    this.#stop = null;
  }

  #beat(): void {
    this.#beatAtMs = Date.now();
    if (this.#openedAtMs !== null) return;
    this.#openedAtMs = this.#beatAtMs;
    this.#listener.opened();
  }

  #end(refusal: Refusal | null): void {
    if (refusal?.missing) this.#lose('missing', jitterMs(MISSING_MS.from, MISSING_MS.to));
    else this.#lose(refusal ? 'refused' : 'broken', this.#nextWaitMs(refusal?.retryAfterMs ?? 0));
  }

  #lookAgain(): void {
    this.#lookedAtMs = Date.now();
    this.#look = setTimeout(this.#lookAtClock, LOOK_MS);
  }

  readonly #lookAtClock = (): void => {
    const nowMs = Date.now();
    const slept = Math.abs(nowMs - this.#lookedAtMs - LOOK_MS) > SLEPT_MS;
    this.#lookAgain();
    // Timers do not run while a device sleeps, and nothing tells of the connection that died meanwhile.
    if (slept) this.#lose('broken', 0);
    else if (this.#stop && nowMs - this.#beatAtMs >= SILENCE_MS) this.#lose('broken', this.#nextWaitMs(0));
  };

  #nextWaitMs(askedMs: number): number {
    const stood = this.#openedAtMs !== null && this.#beatAtMs - this.#openedAtMs >= STOOD_MS;
    if (stood) this.#tries = 0;
    return backoffMs(REOPEN, this.#tries++, Math.max(askedMs, this.#retryMs));
  }

  #lose(why: Loss, waitMs: number): void {
    this.#stop?.();
    this.#stop = null;
    clearTimeout(this.#reopening);
    this.#reopening = setTimeout(() => this.open(), waitMs);
    this.#listener.lost(why);
  }
}
