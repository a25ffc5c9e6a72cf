import type { Answer } from '../../../api/answer';
import { getProduct, type ProductRead } from '../../../api/get-product';
import { postProduct } from '../../../api/post-product';
import { putProduct } from '../../../api/put-product';
import type { Product } from '../../../api/wire';
import { Observable } from '../../../lib/observable';
import { localEntry } from '../local-time';
import { asAdmin } from '../session/admin-session';
import { leavesOpen, type Trouble, troubleOf } from '../trouble';
import { differing, type Entries, entriesOf, FIELDS, type Field } from './entries';
import { changesOf, type Faults, isAs, readForm, sentWith } from './read-form';

export type EditorState =
  /** The product is being read, to be changed. */
  | { name: 'reading' }
  | { name: 'unreadable'; trouble: Trouble }
  | { name: 'ready'; note: 'notArrived' | 'nothingChanged' | null }
  | { name: 'working' }
  /** Nothing was changed. */
  | { name: 'failed'; trouble: Trouble }
  /** Whether it was changed is not known; looking again tells. */
  | { name: 'unsure'; trouble: Trouble }
  /** Somebody else changed the product since it was read. */
  | { name: 'conflict'; newer: ProductRead }
  /** The sale began or ended, so nothing can be changed any more. */
  | { name: 'begun' };

export interface EditorView {
  state: EditorState;
  entries: Entries;
  /** The entries before anything was typed. */
  base: Entries;
  faults: Faults;
  /** What the server says of things that the form has no field for. */
  strayFaults: readonly string[];
  /** What was typed before a newer state of the product was loaded over it. */
  typedBefore: Partial<Entries>;
  /** Counts refusals, so that each one brings the focus to the first bad field. */
  refusals: number;
}

/**
 * One product being made or changed: what is typed, and its way to the server.
 *
 * It outlives the dialog that shows it, so that neither an error nor a closed dialog nor signing in again loses
 * what was typed.
 */
export class ProductEditor {
  readonly view: Observable<EditorView>;
  /** The product that is changed; null for one that is new. */
  readonly sku: string | null;
  readonly #locale: string;
  readonly #fresh: () => Entries;
  #etag: string | null = null;

  /** `fresh` makes the entries of a new product; a product that is there is read by `startAfresh`. */
  constructor(sku: string | null, locale: string, fresh: () => Entries) {
    this.sku = sku;
    this.#locale = locale;
    this.#fresh = fresh;
    const entries = fresh();
    this.view = new Observable<EditorView>({
      state: sku === null ? { name: 'ready', note: null } : { name: 'reading' },
      entries,
      base: entries,
      faults: {},
      strayFaults: [],
      typedBefore: {},
      refusals: 0,
    });
  }

  /** Whether something is typed that the server does not have. */
  get isDirty(): boolean {
    const { base, entries } = this.view.get();
    return differing(base, entries).length > 0;
  }

  /** Forgets what is typed and begins with the product as the server has it, or with a new one. */
  readonly startAfresh = async (): Promise<void> => {
    if (this.sku === null) {
      const entries = this.#fresh();
      this.#show({ entries, base: entries, faults: {}, strayFaults: [] });
      this.#enter({ name: 'ready', note: null });
      return;
    }
    this.#enter({ name: 'reading' });
    const answer = await this.#read(this.sku);
    if (answer.kind === 'ok') this.#base(answer.data);
    else this.#enter({ name: 'unreadable', trouble: troubleOf(answer) });
  };

  readonly type = (field: Field, text: string): void => {
    const { entries, faults, state } = this.view.get();
    if (state.name === 'working') return;
    const { [field]: _, ...others } = faults;
    const typed = { ...entries, [field]: text };
    this.#show({
      entries: field === 'startTime' ? this.#movingTheEnd(entries, typed) : typed,
      faults: others,
    });
    if (state.name === 'ready') this.#enter({ name: 'ready', note: null });
  };

  /** Puts back what was typed before the newer state was loaded. */
  readonly retype = (field: Field): void => {
    const { [field]: text, ...others } = this.view.get().typedBefore;
    this.#show({ typedBefore: others });
    if (text !== undefined) this.type(field, text);
  };

  /** Sends what is typed; the product as it is then, or null if the view tells why not. */
  readonly save = async (): Promise<Product | null> => {
    const { state, base, entries } = this.view.get();
    if (state.name === 'working' || state.name === 'reading') return null;
    const { values, faults } = readForm(entries);
    const fields = this.sku === null ? FIELDS : sentWith(differing(base, entries));
    const wrong = fields.flatMap((field) => (faults[field] ? [[field, faults[field]]] : []));
    if (wrong.length > 0) return this.#refuse(Object.fromEntries(wrong), []);
    if (fields.length === 0) return this.#enter({ name: 'ready', note: 'nothingChanged' });
    const { sku } = this;
    this.#enter({ name: 'working' });
    if (sku === null) {
      const answer = await asAdmin((key) => postProduct(key, values));
      const repeated = state.name === 'unsure' && answer.kind === 'failure' && answer.status === 409;
      return repeated ? this.#lookFor() : this.#settle(answer);
    }
    const changes = changesOf(values, fields);
    return this.#settle(await asAdmin((key) => putProduct(key, sku, this.#etag, changes)));
  };

  /** After an unknown outcome: reads the product, and answers it if it is as it was to become. */
  readonly lookAgain = async (): Promise<Product | null> => {
    if (this.view.get().state.name !== 'unsure') return null;
    this.#enter({ name: 'working' });
    return this.#lookFor();
  };

  /** Takes over what somebody else made of the product; what was typed stays beside it. */
  readonly takeNewer = (): void => {
    const { state, entries, base } = this.view.get();
    if (state.name !== 'conflict') return;
    const typedBefore: Partial<Entries> = {};
    const newer = entriesOf(state.newer.product, this.#locale);
    for (const field of differing(base, entries)) {
      if (entries[field] !== newer[field]) typedBefore[field] = entries[field];
    }
    this.#base(state.newer);
    this.#show({ typedBefore });
  };

  /** Sends the own changes over what somebody else made of the product; what only they changed stays theirs. */
  readonly overwrite = async (): Promise<Product | null> => {
    const { state, entries, base } = this.view.get();
    if (state.name !== 'conflict') return null;
    const own = differing(base, entries).map((field) => [field, entries[field]]);
    this.#base(state.newer);
    this.#show({ entries: { ...this.view.get().entries, ...Object.fromEntries(own) } });
    return this.save();
  };

  #read(sku: string): Promise<Answer<ProductRead>> {
    return asAdmin((key) => getProduct(key, sku));
  }

  async #settle(answer: Answer<Product>): Promise<Product | null> {
    if (answer.kind === 'ok') return this.#saved(answer.data);
    const trouble = troubleOf(answer);
    // The page asks for the key again, and what is typed waits.
    if (trouble.name === 'keyRefused') return this.#enter({ name: 'ready', note: null });
    if (leavesOpen(trouble)) return this.#enter({ name: 'unsure', trouble });
    if (answer.kind === 'rejection' && answer.failure.code === 'SALE_NOT_MODIFIABLE')
      return this.#enter({ name: 'begun' });
    if (answer.kind === 'failure') {
      if (answer.status === 412) return this.#lookFor();
      if (answer.status === 409) return this.#refuse({ sku: { by: 'form', why: 'taken' } }, []);
      if (answer.failure.fields) return this.#refuseAs(answer.failure.fields);
    }
    return this.#enter({ name: 'failed', trouble });
  }

  /** Reads the product that was to be made or changed, and finds out what came of that. */
  async #lookFor(): Promise<Product | null> {
    const { base, entries } = this.view.get();
    const { values } = readForm(entries);
    const answer = await this.#read(this.sku ?? values.sku);
    if (answer.kind !== 'ok') {
      const trouble = troubleOf(answer);
      if (trouble.name !== 'gone') return this.#enter({ name: 'unsure', trouble });
      const fresh = this.sku === null;
      return this.#enter(fresh ? { name: 'ready', note: 'notArrived' } : { name: 'failed', trouble });
    }
    const { product, etag } = answer.data;
    if (isAs(product, values, this.sku === null ? FIELDS : differing(base, entries)))
      return this.#saved(product);
    if (this.sku === null) return this.#refuse({ sku: { by: 'form', why: 'taken' } }, []);
    if (product.state !== 'UPCOMING') return this.#enter({ name: 'begun' });
    return this.#enter(
      etag === this.#etag ? { name: 'ready', note: 'notArrived' } : { name: 'conflict', newer: answer.data },
    );
  }

  #saved(product: Product): Product {
    const { entries } = this.view.get();
    this.#show({ base: entries, faults: {}, strayFaults: [], typedBefore: {} });
    this.#enter({ name: 'ready', note: null });
    return product;
  }

  #base({ product, etag }: ProductRead): void {
    const entries = entriesOf(product, this.#locale);
    this.#etag = etag;
    this.#show({ entries, base: entries, faults: {}, strayFaults: [], typedBefore: {} });
    this.#enter({ name: 'ready', note: null });
  }

  #refuseAs(fields: Record<string, string>): null {
    const named = Object.entries(fields);
    const known = named.filter(([name]) => FIELDS.some((field) => field === name));
    const stray = named.filter(([name]) => !FIELDS.some((field) => field === name));
    return this.#refuse(
      Object.fromEntries(known.map(([name, text]) => [name, { by: 'server', text }])),
      stray.map(([name, text]) => `${name}: ${text}`),
    );
  }

  #refuse(faults: Faults, strayFaults: readonly string[]): null {
    this.#show({ faults, strayFaults, refusals: this.view.get().refusals + 1 });
    return this.#enter({ name: 'ready', note: null });
  }

  /** A new sale keeps its length when its start moves. */
  #movingTheEnd(before: Entries, after: Entries): Entries {
    const lengthMs = Date.parse(before.endTime) - Date.parse(before.startTime);
    const endMs = Date.parse(after.startTime) + lengthMs;
    return this.sku !== null || Number.isNaN(endMs) ? after : { ...after, endTime: localEntry(endMs) };
  }

  #enter(state: EditorState): null {
    this.#show({ state });
    return null;
  }

  #show(change: Partial<EditorView>): void {
    this.view.set({ ...this.view.get(), ...change });
  }
}
