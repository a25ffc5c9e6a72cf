import { getPurchases } from '../../../api/get-purchases';
import { postPurchase } from '../../../api/post-purchase';
import type { Purchase } from '../../../api/wire';
import { type Backoff, backoffMs } from '../../../lib/backoff';
import { Observable } from '../../../lib/observable';
import { dropAttempt, keyToSend, pendingAttempt } from './attempt-keys';
import { recordedPurchases, recordPurchases } from './purchase-records';
import { type Verdict, verdictOf } from './verdict';

export type Phase =
  | { name: 'idle' }
  | { name: 'deciding' }
  /** The server decided nothing yet; the same key goes again at `untilMs` (this device's clock). */
  | { name: 'busy'; untilMs: number }
  /** It is not known whether the attempt arrived; the same key goes again until it is. */
  | { name: 'checking' }
  /** Still not known after many tries; the key is kept for the next press. */
  | { name: 'stalled' }
  | { name: 'tooFast'; untilMs: number }
  | { name: 'rejected'; code: string; message: string; atVersion: number }
  | { name: 'refused'; message: string; fields: Record<string, string> };

export interface BuyingView {
  phase: Phase;
  /** What the buyer holds of this sale, oldest first. */
  purchases: readonly Purchase[];
  /** Counts the outcomes that this page brought about, so that each receipt takes the focus once. */
  outcomes: number;
}

/** What the sale says at the moment of an attempt. */
export interface Terms {
  version: number;
  limitPerBuyer: number;
}

const TRIES_MAX = 12;
const REPEAT: Backoff = { baseMs: 500, capMs: 8000 };
/** How long after pressing "Buy" a reloaded page still goes on with the attempt by itself. */
const WISH_MS = 2 * 60_000;
const OFFLINE_WAIT_MS = 10 * 60_000;

/** One buyer's attempts at one sale: one key at a time, repeated until its outcome is known. */
export class Buying {
  readonly view: Observable<BuyingView>;
  readonly #sku: string;
  readonly #buyer: string;
  #pursuing = false;
  #recalled = false;

  constructor(sku: string, buyer: string) {
    this.#sku = sku;
    this.#buyer = buyer;
    this.view = new Observable<BuyingView>({
      phase: { name: 'idle' },
      purchases: recordedPurchases(sku, buyer),
      outcomes: 0,
    });
  }

  /** Buys one unit, or goes on with the attempt whose outcome is still open. */
  async press(terms: Terms): Promise<void> {
    if (this.#pursuing) return;
    await this.#pursue(terms, this.view.get().phase.name === 'stalled' ? 'checking' : 'deciding');
  }

  /** Reads again what the buyer holds, and takes up an attempt that a reload interrupted. Once a page. */
  async recall(terms: Terms): Promise<void> {
    if (this.#recalled || this.#pursuing) return;
    this.#recalled = true;
    const pending = pendingAttempt(this.#sku, this.#buyer);
    const wishStands = pending !== null && Date.now() - pending.madeAtMs < WISH_MS;
    if (wishStands) await this.#pursue(terms, 'checking');
    else await this.#lookUp();
  }

  async #pursue(terms: Terms, how: 'deciding' | 'checking'): Promise<void> {
    this.#pursuing = true;
    const attempt = { sku: this.#sku, buyer: this.#buyer, key: keyToSend(this.#sku, this.#buyer) };
    let checking = how === 'checking';
    this.#enter({ name: how });
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      if (checking && (await this.#foundBy(terms))) break;
      const verdict = verdictOf(await postPurchase(attempt));
      if (verdict.name === 'unknown') checking = true;
      const waitMs = await this.#settle(verdict, terms, checking);
      if (waitMs === null) break;
      if (tries === TRIES_MAX - 1) {
        this.#enter({ name: 'stalled' });
        break;
      }
      const untilMs = Date.now() + waitMs + backoffMs(REPEAT, tries);
      this.#enter(checking ? { name: 'checking' } : { name: 'busy', untilMs });
      await waitUntil(untilMs);
    }
    this.#pursuing = false;
  }

  /** Acts on a verdict; returns null when the attempt is over for now, else how long to wait at least. */
  async #settle(verdict: Verdict, terms: Terms, checking: boolean): Promise<number | null> {
    switch (verdict.name) {
      case 'bought':
        this.#decided({ name: 'idle' }, [verdict.purchase]);
        return null;
      case 'rejected': {
        const { code, message, purchase } = verdict;
        this.#decided(
          { name: 'rejected', code, message, atVersion: terms.version },
          purchase ? [purchase] : [],
        );
        if (code === 'ALREADY_PURCHASED' && !purchase) await this.#lookUp();
        return null;
      }
      case 'keyReused':
        this.#decided({ name: 'idle' }, []);
        await this.#lookUp();
        return null;
      case 'refused':
        dropAttempt(this.#sku, this.#buyer);
        this.#enter({ name: 'refused', message: verdict.message, fields: verdict.fields });
        return null;
      case 'tooFast':
        if (checking) return verdict.waitMs;
        this.#slowDown(Date.now() + verdict.waitMs);
        return null;
      case 'busy':
        return verdict.waitMs;
      case 'unknown':
        return 0;
    }
  }

  /**
   * Whether the list of purchases already tells that the attempt went through.
   *
   * It can where one buyer holds one purchase at most; with a higher limit a listed one may be another's
   * attempt (a second device), and only the repeated key tells.
   */
  async #foundBy({ limitPerBuyer }: Terms): Promise<boolean> {
    if (!(await this.#lookUp()) || limitPerBuyer > 1) return false;
    this.#decided({ name: 'idle' }, []);
    return true;
  }

  /** Reads what the buyer holds; true if that is anything. */
  async #lookUp(): Promise<boolean> {
    const before = this.view.get().purchases;
    const answer = await getPurchases(this.#sku, this.#buyer);
    const { purchases } = this.view.get();
    // An attempt that was answered meanwhile knows better than a list that was asked for before.
    if (purchases !== before) return purchases.length > 0;
    if (answer.kind === 'ok') this.#hold(answer.data);
    else if (answer.kind === 'failure' && answer.failure.code === 'NOT_FOUND') this.#hold([]);
    return answer.kind === 'ok' && answer.data.length > 0;
  }

  #decided(phase: Phase, bought: readonly Purchase[]): void {
    dropAttempt(this.#sku, this.#buyer);
    const { purchases, outcomes } = this.view.get();
    const known = new Set(bought.map((purchase) => purchase.purchaseNo));
    this.#hold([...purchases.filter((purchase) => !known.has(purchase.purchaseNo)), ...bought]);
    this.view.set({ ...this.view.get(), phase, outcomes: outcomes + 1 });
  }

  #hold(purchases: readonly Purchase[]): void {
    const kept = purchases.map(({ purchaseNo, purchasedAt, sku, qty }) => ({
      purchaseNo,
      purchasedAt,
      sku,
      qty,
    }));
    recordPurchases(this.#sku, this.#buyer, kept);
    this.view.set({ ...this.view.get(), purchases: kept });
  }

  #slowDown(untilMs: number): void {
    const phase: Phase = { name: 'tooFast', untilMs };
    this.#enter(phase);
    setTimeout(() => {
      if (this.view.get().phase === phase) this.#enter({ name: 'idle' });
    }, untilMs - Date.now());
  }

  #enter(phase: Phase): void {
    this.view.set({ ...this.view.get(), phase });
  }
}

/** Waits until the instant; without a network until there is one (or very long), since no try could succeed. */
function waitUntil(instantMs: number): Promise<void> {
  const untilMs = navigator.onLine === false ? instantMs + OFFLINE_WAIT_MS : instantMs;
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener('online', done);
      resolve();
    };
    const timer = setTimeout(done, Math.max(0, untilMs - Date.now()));
    addEventListener('online', done);
  });
}
