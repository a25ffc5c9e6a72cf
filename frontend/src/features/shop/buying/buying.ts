import { getPurchases } from '../../../api/get-purchases';
import { postPurchase } from '../../../api/post-purchase';
import type { Purchase } from '../../../api/wire';
import { type Backoff, backoffMs } from '../../../lib/backoff';
import { Observable } from '../../../lib/observable';
import { dropAttempt, keyToSend, layAside, pendingAttempt } from './attempt-keys';
import {
  forgetPurchases,
  type RecordedPurchase,
  recordedPurchases,
  recordPurchases,
} from './purchase-records';
import { type Verdict, verdictOf } from './verdict';

export type Phase =
  | { name: 'idle' }
  | { name: 'deciding' }
  /** The server decided nothing yet; the same key goes again at `untilMs` (this device's clock). */
  | { name: 'busy'; untilMs: number }
  /** It is not known whether the attempt arrived; the same key goes again until it is. */
  | { name: 'checking' }
  /** Still not known after many tries, or `busy` all the time; the key is kept for the next press. */
  | { name: 'stalled'; busy: boolean }
  | { name: 'tooFast'; untilMs: number }
  /** `atVersion` is the newest version of the sale that the page knew when it was told. */
  | { name: 'rejected'; code: string; message: string; atVersion: number }
  | { name: 'refused'; message: string; fields: Record<string, string> };

export interface BuyingView {
  phase: Phase;
  /** What the buyer bought at this sale, oldest first. */
  purchases: readonly RecordedPurchase[];
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
/** Browsers are wrong about it at times: a shop on this very machine needs no network. */
const OFFLINE_WAIT_MS = 30_000;
const LOOK_UP_AGAIN: Backoff = { baseMs: 2000, capMs: 30_000 };

/** One buyer's attempts at one sale: one key at a time, repeated until its outcome is known. */
export class Buying {
  readonly view: Observable<BuyingView>;
  readonly #sku: string;
  readonly #buyer: string;
  #pursuing = false;
  #recalled = false;
  /** The newest that the page knows of the sale. */
  #version = 0;
  /** The key that was sent last. */
  #key = '';
  /** The buyer's name was forgotten here, so an answer that is under way leaves no record. */
  #forgotten = false;

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
    this.#version = terms.version;
    const { phase } = this.view.get();
    const how = phase.name === 'stalled' && !phase.busy ? 'checking' : 'deciding';
    await this.#pursue(terms, keyToSend(this.#sku, this.#buyer), how);
  }

  /**
   * Reads again what the buyer holds, and takes up an attempt that a reload interrupted: once a page.
   *
   * Called again, it notes the sale's new version only.
   */
  async recall(terms: Terms): Promise<void> {
    this.#version = terms.version;
    if (this.#recalled || this.#pursuing) return;
    this.#recalled = true;
    const pending = pendingAttempt(this.#sku, this.#buyer);
    const wishStands = pending !== null && Math.abs(Date.now() - pending.wishedAtMs) < WISH_MS;
    if (wishStands) await this.#pursue(terms, pending.key, 'checking');
    else await this.#learnHoldings();
  }

  /** Takes over what another tab of this browser has recorded meanwhile. */
  readonly readRecords = (): void => {
    const purchases = recordedPurchases(this.#sku, this.#buyer);
    if (JSON.stringify(purchases) !== JSON.stringify(this.view.get().purchases)) {
      this.view.set({ ...this.view.get(), purchases });
    }
  };

  /** Drops what this browser remembers of the buyer's purchases, for good: somebody else sits here now. */
  forget(): void {
    this.#forgotten = true;
    forgetPurchases(this.#buyer);
    layAside(this.#sku, this.#buyer);
  }

  /** The page shows another buyer: who comes back later finds receipts, and no news. */
  readonly leave = (): void => {
    this.view.set({ ...this.view.get(), outcomes: 0 });
  };

  async #pursue(terms: Terms, key: string, how: 'deciding' | 'checking'): Promise<void> {
    this.#pursuing = true;
    this.#key = key;
    const attempt = { sku: this.#sku, buyer: this.#buyer, key };
    let checking = how === 'checking';
    this.#enter({ name: how });
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      if (checking && (await this.#foundBy(terms))) break;
      const verdict = verdictOf(await postPurchase(attempt));
      if (verdict.name === 'unknown') checking = true;
      const waitMs = await this.#settle(verdict, checking);
      if (waitMs === null) break;
      if (tries === TRIES_MAX - 1) {
        this.#enter({ name: 'stalled', busy: !checking });
        break;
      }
      const untilMs = Date.now() + backoffMs(REPEAT, tries, waitMs);
      this.#enter(checking ? { name: 'checking' } : { name: 'busy', untilMs });
      await waitUntil(untilMs);
    }
    this.#pursuing = false;
  }

  /** Acts on a verdict; returns null when the attempt is over for now, else how long to wait at least. */
  async #settle(verdict: Verdict, checking: boolean): Promise<number | null> {
    switch (verdict.name) {
      case 'bought':
        this.#decided({ name: 'idle' }, [verdict.purchase]);
        return null;
      case 'rejected': {
        const { code, message, purchase } = verdict;
        this.#decided(
          { name: 'rejected', code, message, atVersion: this.#version },
          purchase ? [purchase] : [],
        );
        // It names one purchase, and the buyer may hold others of another device.
        if (code === 'ALREADY_PURCHASED') await this.#learnHoldings();
        return null;
      }
      case 'keyReused':
        this.#decided({ name: 'idle' }, []);
        await this.#learnHoldings();
        return null;
      case 'refused':
        layAside(this.#sku, this.#buyer);
        this.#enter({ name: 'refused', message: verdict.message, fields: verdict.fields });
        return null;
      case 'tooFast':
        if (checking) return verdict.waitMs;
        // The buyer is asked to press again: a reload must not buy by itself.
        layAside(this.#sku, this.#buyer);
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
    if ((await this.#lookUp()) !== 'some' || limitPerBuyer > 1) return false;
    this.#decided({ name: 'idle' }, []);
    return true;
  }

  /** Reads what the buyer holds; a server that has no time for it now is asked again later, and nobody waits. */
  async #learnHoldings(): Promise<void> {
    if ((await this.#lookUp()) === 'unknown') void this.#keepLooking();
  }

  async #keepLooking(): Promise<void> {
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      await waitUntil(Date.now() + backoffMs(LOOK_UP_AGAIN, tries));
      // An attempt brings what the list would.
      if (this.#forgotten || this.#pursuing || (await this.#lookUp()) !== 'unknown') return;
    }
  }

  /** Reads what the buyer holds. */
  async #lookUp(): Promise<'some' | 'none' | 'unknown'> {
    const before = this.view.get().purchases;
    const answer = await getPurchases(this.#sku, this.#buyer);
    const { purchases } = this.view.get();
    // An attempt that was answered meanwhile knows better than a list that was asked for before.
    if (purchases !== before) return purchases.some(({ forgotten }) => !forgotten) ? 'some' : 'unknown';
    if (answer.kind === 'ok') this.#list(answer.data);
    else if (answer.kind === 'failure' && answer.failure.code === 'NOT_FOUND') this.#list([]);
    else return 'unknown';
    return answer.kind === 'ok' && answer.data.length > 0 ? 'some' : 'none';
  }

  #decided(phase: Phase, bought: readonly Purchase[]): void {
    dropAttempt(this.#sku, this.#buyer, this.#key);
    const { purchases, outcomes } = this.view.get();
    const known = new Set(bought.map((purchase) => purchase.purchaseNo));
    this.#hold([...purchases.filter((purchase) => !known.has(purchase.purchaseNo)), ...bought]);
    this.view.set({ ...this.view.get(), phase, outcomes: outcomes + 1 });
  }

  /** Takes the server's list; a recorded purchase that is not on it stays, as the buyer's proof. */
  #list(listed: readonly Purchase[]): void {
    const known = new Set(listed.map(({ purchaseNo }) => purchaseNo));
    const missing = this.view.get().purchases.filter(({ purchaseNo }) => !known.has(purchaseNo));
    this.#hold([...missing.map((purchase) => ({ ...purchase, forgotten: true as const })), ...listed]);
  }

  #hold(purchases: readonly RecordedPurchase[]): void {
    const kept = purchases.map(asRecorded);
    if (!this.#forgotten) recordPurchases(this.#sku, this.#buyer, kept);
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

/** A purchase as the buyer's list has it: the answer to an attempt says more, which is of that moment only. */
function asRecorded(purchase: RecordedPurchase): RecordedPurchase {
  const { purchaseNo, purchasedAt, sku, qty, priceMinor, currency, forgotten } = purchase;
  const price = priceMinor === undefined || currency === undefined ? {} : { priceMinor, currency };
  return { purchaseNo, purchasedAt, sku, qty, ...price, ...(forgotten && { forgotten }) };
}

/** Waits until the instant, and on a device without a network for one (or very long): no try could succeed. */
async function waitUntil(instantMs: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, instantMs - Date.now())));
  if (navigator.onLine !== false) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener('online', done);
      resolve();
    };
    const timer = setTimeout(done, OFFLINE_WAIT_MS);
    addEventListener('online', done);
  });
}
