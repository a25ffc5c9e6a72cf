import { HttpResponse, http } from 'msw';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Product } from '../../../api/wire';
import { server } from '../../../test/server';
import { failure, PRODUCTS, product, success } from '../../../test/wire-answers';
import { adminSession, signIn, signOut } from '../session/admin-session';
import { newEntries } from './entries';
import { ProductEditor } from './product-editor';

const { sku } = product();
const ONE = `${PRODUCTS}/${sku}`;
const upcoming = (change: Partial<Product> = {}) => product({ state: 'UPCOMING', ...change });

beforeEach(() => signIn('the-key-of-this-test'));
afterEach(signOut);

function fresh(): ProductEditor {
  const editor = new ProductEditor(null, 'en', () => newEntries(Date.now(), ''));
  editor.type('sku', 'LAMP-1');
  editor.type('productName', 'Lamp');
  return editor;
}

/** The product as the server has it, `tag` being its ETag. */
function serverHas(one: Product, tag: string): void {
  server.use(
    http.get(ONE, () => HttpResponse.json({ success: true, data: one }, { headers: { ETag: tag } })),
  );
}

async function reading(one = upcoming()): Promise<ProductEditor> {
  serverHas(one, '"one"');
  const editor = new ProductEditor(sku, 'en', () => newEntries(Date.now(), ''));
  await editor.startAfresh();
  return editor;
}

/** Answers PUTs in this order, and keeps what was sent. */
function putsAnswer(...answers: (() => Response)[]): { tag: string | null; body: unknown }[] {
  const sent: { tag: string | null; body: unknown }[] = [];
  server.use(
    http.put(ONE, async ({ request }) => {
      sent.push({ tag: request.headers.get('If-Match'), body: await request.json() });
      return (answers.shift() ?? (() => HttpResponse.error()))();
    }),
  );
  return sent;
}

test('a new product is sent as it is typed, with the key', async () => {
  let sent: Request | undefined;
  server.use(
    http.post(PRODUCTS, ({ request }) => {
      sent = request.clone();
      return success(product({ sku: 'LAMP-1' }));
    }),
  );
  const editor = fresh();
  editor.type('priceMinor', '149,50');
  editor.type('currency', 'eur');
  expect(await editor.save()).toMatchObject({ sku: 'LAMP-1' });
  expect(sent?.headers.get('X-Admin-Key')).toBe('the-key-of-this-test');
  expect(await sent?.json()).toMatchObject({
    sku: 'LAMP-1',
    priceMinor: 14_950,
    currency: 'EUR',
    acknowledge: null,
  });
  expect(editor.isDirty).toBe(false);
});

test('each field that the server refuses has its words, and what is typed stays', async () => {
  const fields = { sku: 'is not good', initialStock: 'is too much', body: 'is odd' };
  server.use(http.post(PRODUCTS, () => failure(400, 'VALIDATION_ERROR', { fields })));
  const editor = fresh();
  expect(await editor.save()).toBeNull();
  expect(editor.view.get()).toMatchObject({
    faults: {
      sku: { by: 'server', text: 'is not good' },
      initialStock: { by: 'server', text: 'is too much' },
    },
    strayFaults: ['body: is odd'],
    refusals: 1,
    entries: { sku: 'LAMP-1' },
  });
  editor.type('sku', 'LAMP-2');
  expect(editor.view.get().faults.sku).toBeUndefined();
});

test('while one product is on its way a second press sends nothing', async () => {
  let sent = 0;
  server.use(
    http.post(PRODUCTS, () => {
      sent++;
      return success(product());
    }),
  );
  const editor = fresh();
  await Promise.all([editor.save(), editor.save()]);
  expect(sent).toBe(1);
});

test('a product whose answer was lost is found by looking again', async () => {
  const editor = fresh();
  let made: Product | undefined;
  server.use(
    http.post(PRODUCTS, async ({ request }) => {
      made = product((await request.json()) as Partial<Product>);
      return HttpResponse.error();
    }),
    http.get(`${PRODUCTS}/LAMP-1`, () => success({ ...made, acknowledge: 'gate' })),
  );
  expect(await editor.save()).toBeNull();
  expect(editor.view.get().state).toEqual({ name: 'unsure', trouble: { name: 'noAnswer' } });
  expect(await editor.lookAgain()).toMatchObject({ sku: 'LAMP-1' });
});

test('a product that never arrived can be sent again', async () => {
  server.use(
    http.post(PRODUCTS, () => failure(503, 'SERVICE_UNAVAILABLE')),
    http.get(`${PRODUCTS}/LAMP-1`, () => failure(404, 'NOT_FOUND')),
  );
  const editor = fresh();
  await editor.save();
  expect(editor.view.get().state.name).toBe('unsure');
  expect(await editor.lookAgain()).toBeNull();
  expect(editor.view.get().state).toEqual({ name: 'ready', note: 'notArrived' });
});

test('a sku that somebody else has is refused at its field', async () => {
  server.use(http.post(PRODUCTS, () => failure(409, 'ALREADY_EXISTS')));
  const editor = fresh();
  await editor.save();
  expect(editor.view.get().faults).toEqual({ sku: { by: 'form', why: 'taken' } });
});

test('a change sends only what was changed, for the state that was read', async () => {
  const editor = await reading();
  const sent = putsAnswer(() => success(upcoming({ productName: 'New name', version: 15 })));
  editor.type('productName', 'New name');
  expect(await editor.save()).toMatchObject({ productName: 'New name' });
  expect(sent).toEqual([{ tag: '"one"', body: { productName: 'New name' } }]);
});

test('a price that is taken away is sent as none', async () => {
  const editor = await reading(upcoming({ priceMinor: 100, currency: 'EUR' }));
  const sent = putsAnswer(() => success(upcoming()));
  editor.type('priceMinor', '');
  await editor.save();
  expect(sent[0]?.body).toEqual({ priceMinor: null, currency: null });
});

test('nothing changed is nothing sent', async () => {
  const editor = await reading();
  expect(await editor.save()).toBeNull();
  expect(editor.view.get().state).toEqual({ name: 'ready', note: 'nothingChanged' });
});

test('after somebody else’s change theirs can be loaded, and what was typed stays beside it', async () => {
  const editor = await reading();
  putsAnswer(() => failure(412, 'PRECONDITION_FAILED'));
  editor.type('initialStock', '500');
  serverHas(upcoming({ initialStock: 200, version: 15 }), '"two"');
  expect(await editor.save()).toBeNull();
  expect(editor.view.get().state.name).toBe('conflict');
  editor.takeNewer();
  expect(editor.view.get()).toMatchObject({
    entries: { initialStock: '200' },
    typedBefore: { initialStock: '500' },
  });
  editor.retype('initialStock');
  expect(editor.view.get()).toMatchObject({ entries: { initialStock: '500' }, typedBefore: {} });
});

test('overwriting sends the own changes for the newer state and leaves the others’ alone', async () => {
  const editor = await reading();
  const sent = putsAnswer(
    () => failure(412, 'PRECONDITION_FAILED'),
    () => success(upcoming({ initialStock: 500, productName: 'Theirs', version: 16 })),
  );
  editor.type('initialStock', '500');
  serverHas(upcoming({ productName: 'Theirs', version: 15 }), '"two"');
  await editor.save();
  expect(await editor.overwrite()).toMatchObject({ productName: 'Theirs', initialStock: 500 });
  expect(sent[1]).toEqual({ tag: '"two"', body: { initialStock: 500 } });
});

test('a change whose answer was lost is found by looking again, and is no conflict with itself', async () => {
  const editor = await reading();
  putsAnswer(
    () => HttpResponse.error(),
    () => failure(412, 'PRECONDITION_FAILED'),
  );
  editor.type('productName', 'New name');
  await editor.save();
  serverHas(upcoming({ productName: 'New name', version: 15 }), '"two"');
  expect(await editor.save()).toMatchObject({ productName: 'New name' });
});

test('a change that did not arrive is told, and goes again for the same state', async () => {
  const editor = await reading();
  putsAnswer(() => failure(503, 'SERVICE_UNAVAILABLE'));
  editor.type('productName', 'New name');
  await editor.save();
  expect(await editor.lookAgain()).toBeNull();
  expect(editor.view.get()).toMatchObject({
    state: { name: 'ready', note: 'notArrived' },
    entries: { productName: 'New name' },
  });
});

test('a sale that began meanwhile is told and nothing is lost', async () => {
  const editor = await reading();
  putsAnswer(() => failure(200, 'SALE_NOT_MODIFIABLE'));
  editor.type('productName', 'New name');
  await editor.save();
  expect(editor.view.get()).toMatchObject({ state: { name: 'begun' }, entries: { productName: 'New name' } });
});

test('a key that is no longer taken ends the session and keeps what is typed', async () => {
  server.use(http.post(PRODUCTS, () => failure(401, 'UNAUTHORIZED')));
  const editor = fresh();
  await editor.save();
  expect(adminSession.get()).toEqual({ key: null, expired: true });
  expect(editor.view.get()).toMatchObject({ state: { name: 'ready' }, entries: { sku: 'LAMP-1' } });
});

test('a new sale keeps its length when its start moves', () => {
  const editor = fresh();
  editor.type('startTime', '2026-03-01T08:00');
  expect(editor.view.get().entries.endTime).toBe('2026-03-01T09:00');
});
