import { HttpResponse, http } from 'msw';
import { beforeEach, expect, test, vi } from 'vitest';
import { server } from '../../../test/server';
import { bought, failure, holds, holdsNothing, PURCHASES, purchase } from '../../../test/wire-answers';
import { keyToSend, pendingAttempt } from './attempt-keys';
import { Buying } from './buying';
import { recordedPurchases, recordPurchases } from './purchase-records';

const SKU = 'WIDGET-001';
const ADA = 'Ada';
const TERMS = { version: 14, limitPerBuyer: 1 };

/** The keys that reached the server, in order. */
let keys: (string | null)[] = [];

/** Answers attempts in turn; the last answer repeats. */
function answerAttempts(...replies: (() => Response)[]) {
  keys = [];
  server.use(
    http.post(PURCHASES, ({ request }) => {
      keys.push(request.headers.get('Idempotency-Key'));
      const reply = replies[Math.min(keys.length, replies.length) - 1];
      return reply ? reply() : HttpResponse.error();
    }),
  );
}

const answerLookUps = (reply: () => Response) => server.use(http.get(PURCHASES, reply));

const phaseOf = (buying: Buying) => buying.view.get().phase.name;
const enters = (buying: Buying, phase: string) =>
  vi.waitFor(() => expect(phaseOf(buying)).toBe(phase), { interval: 1 });

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  answerLookUps(holdsNothing);
});

test('a purchase ends with a receipt that is remembered, and the key is dropped', async () => {
  answerAttempts(() => bought());
  const buying = new Buying(SKU, ADA);
  await buying.press(TERMS);
  expect(buying.view.get()).toMatchObject({ phase: { name: 'idle' }, purchases: [purchase()], outcomes: 1 });
  expect(recordedPurchases(SKU, ADA)).toEqual([purchase()]);
  expect(pendingAttempt(SKU, ADA)).toBeNull();
});

test('the key is stored before it is sent', async () => {
  let storedAtArrival: string | undefined;
  server.use(
    http.post(PURCHASES, () => {
      storedAtArrival = pendingAttempt(SKU, ADA)?.key;
      return bought();
    }),
  );
  await new Buying(SKU, ADA).press(TERMS);
  expect(storedAtArrival).toMatch(/^[0-9a-f-]{36}$/);
});

test('a second press while the first is open sends nothing', async () => {
  answerAttempts(() => bought());
  const buying = new Buying(SKU, ADA);
  await Promise.all([buying.press(TERMS), buying.press(TERMS)]);
  expect(keys).toHaveLength(1);
});

test.each(['SOLD_OUT', 'SALE_NOT_ACTIVE'])('%s is an outcome that drops the key', async (code) => {
  answerAttempts(() => failure(200, code));
  const buying = new Buying(SKU, ADA);
  await buying.press(TERMS);
  expect(buying.view.get().phase).toMatchObject({ name: 'rejected', code, atVersion: 14 });
  expect(pendingAttempt(SKU, ADA)).toBeNull();
});

test('who has bought already gets the purchase of the rejection as the receipt', async () => {
  answerAttempts(() => failure(200, 'ALREADY_PURCHASED', { purchase: purchase('PUR-OLD') }));
  const buying = new Buying(SKU, ADA);
  await buying.press(TERMS);
  expect(buying.view.get()).toMatchObject({ phase: { name: 'rejected' }, purchases: [purchase('PUR-OLD')] });
});

test('a busy shop gets the same key again, no sooner than it asked', async () => {
  answerAttempts(
    () => failure(503, 'SERVICE_UNAVAILABLE', { retryAfter: 2 }),
    () => bought(),
  );
  const buying = new Buying(SKU, ADA);
  const done = buying.press(TERMS);
  await enters(buying, 'busy');
  await vi.advanceTimersByTimeAsync(1900);
  expect(keys).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1000);
  await done;
  expect(keys).toHaveLength(2);
  expect(keys[1]).toBe(keys[0]);
  expect(buying.view.get().purchases).toEqual([purchase()]);
});

test('an answer lost on the way is found in the list of purchases', async () => {
  answerAttempts(() => HttpResponse.error());
  const buying = new Buying(SKU, ADA);
  const done = buying.press(TERMS);
  await enters(buying, 'checking');
  answerLookUps(() => holds(purchase('PUR-FOUND')));
  await vi.advanceTimersByTimeAsync(500);
  await done;
  expect(keys).toHaveLength(1);
  expect(buying.view.get()).toMatchObject({ purchases: [purchase('PUR-FOUND')], outcomes: 1 });
  expect(pendingAttempt(SKU, ADA)).toBeNull();
});

test('an attempt that never arrived is repeated with its key, never with a second one', async () => {
  answerAttempts(
    () => HttpResponse.error(),
    () => new HttpResponse('bad gateway', { status: 502 }),
    () => bought(),
  );
  const buying = new Buying(SKU, ADA);
  const done = buying.press(TERMS);
  await enters(buying, 'checking');
  await vi.advanceTimersByTimeAsync(500);
  await vi.waitFor(() => expect(keys).toHaveLength(2), { interval: 1 });
  await vi.waitFor(() => expect(vi.getTimerCount()).toBeGreaterThan(0), { interval: 1 });
  await vi.advanceTimersByTimeAsync(1000);
  await done;
  expect(new Set(keys).size).toBe(1);
  expect(keys).toHaveLength(3);
  expect(buying.view.get().purchases).toEqual([purchase()]);
});

test('with a higher limit only the repeated key tells, not the list', async () => {
  answerAttempts(
    () => HttpResponse.error(),
    () => bought(purchase('PUR-SECOND')),
  );
  answerLookUps(() => holds(purchase('PUR-FIRST')));
  const buying = new Buying(SKU, ADA);
  const done = buying.press({ version: 14, limitPerBuyer: 2 });
  await enters(buying, 'checking');
  await vi.advanceTimersByTimeAsync(500);
  await done;
  expect(buying.view.get().purchases).toEqual([purchase('PUR-FIRST'), purchase('PUR-SECOND')]);
});

test('after many tries the attempt rests with its key, and a press goes on with it', async () => {
  answerAttempts(() => HttpResponse.error());
  const buying = new Buying(SKU, ADA);
  const done = buying.press(TERMS);
  await vi.waitFor(
    async () => {
      await vi.advanceTimersByTimeAsync(8000);
      expect(phaseOf(buying)).toBe('stalled');
    },
    { timeout: 20_000 },
  );
  await done;
  const key = keys[0];
  expect(pendingAttempt(SKU, ADA)?.key).toBe(key);
  answerAttempts(() => bought());
  await buying.press(TERMS);
  expect(keys).toEqual([key]);
}, 20_000);

test('too fast keeps the key, shows the wait, and lets the buyer press again', async () => {
  answerAttempts(
    () => failure(429, 'RATE_LIMITED', { retryAfter: 3 }),
    () => bought(),
  );
  const buying = new Buying(SKU, ADA);
  const pressedAtMs = Date.now();
  await buying.press(TERMS);
  expect(buying.view.get().phase).toMatchObject({ name: 'tooFast' });
  await vi.advanceTimersByTimeAsync(pressedAtMs + 4000 - Date.now());
  expect(phaseOf(buying)).toBe('idle');
  await buying.press(TERMS);
  expect(keys[1]).toBe(keys[0]);
});

test('a refused request says what is wrong', async () => {
  answerAttempts(() => failure(400, 'VALIDATION_ERROR', { fields: { 'X-User-Id': 'too long' } }));
  const buying = new Buying(SKU, ADA);
  await buying.press(TERMS);
  expect(buying.view.get().phase).toMatchObject({ name: 'refused', fields: { 'X-User-Id': 'too long' } });
});

test('a reloaded page takes up the attempt that was open, with its key', async () => {
  const key = keyToSend(SKU, ADA);
  answerAttempts(() => bought());
  await new Buying(SKU, ADA).recall(TERMS);
  expect(keys).toEqual([key]);
});

test('an attempt from long ago is not repeated by itself, but its key is kept', async () => {
  const key = keyToSend(SKU, ADA);
  vi.setSystemTime(Date.now() + 10 * 60_000);
  answerAttempts(() => bought());
  await new Buying(SKU, ADA).recall(TERMS);
  expect(keys).toEqual([]);
  expect(pendingAttempt(SKU, ADA)?.key).toBe(key);
});

test('a remembered receipt is shown at once and replaced by what the server knows', async () => {
  recordPurchases(SKU, ADA, [purchase('PUR-LOCAL')]);
  answerLookUps(() => holds(purchase('PUR-SERVER')));
  const buying = new Buying(SKU, ADA);
  expect(buying.view.get().purchases).toEqual([purchase('PUR-LOCAL')]);
  await buying.recall(TERMS);
  expect(buying.view.get()).toMatchObject({ purchases: [purchase('PUR-SERVER')], outcomes: 0 });
});

test('a receipt that the server does not know is forgotten', async () => {
  recordPurchases(SKU, ADA, [purchase()]);
  const buying = new Buying(SKU, ADA);
  await buying.recall(TERMS);
  expect(buying.view.get().purchases).toEqual([]);
  expect(recordedPurchases(SKU, ADA)).toEqual([]);
});

test('a receipt outlives a server that cannot be asked', async () => {
  recordPurchases(SKU, ADA, [purchase()]);
  answerLookUps(() => HttpResponse.error());
  const buying = new Buying(SKU, ADA);
  await buying.recall(TERMS);
  expect(buying.view.get().purchases).toEqual([purchase()]);
});

test('buyers of one browser have keys and receipts of their own', () => {
  expect(keyToSend(SKU, 'Ada')).not.toBe(keyToSend(SKU, 'Grace'));
  expect(keyToSend(SKU, 'Ada')).toBe(keyToSend(SKU, 'Ada'));
});

test('a list that was asked for before the purchase does not take the receipt away', async () => {
  let answerLookUp = () => {};
  const held = new Promise<void>((resolve) => {
    answerLookUp = resolve;
  });
  server.use(
    http.get(PURCHASES, async () => {
      await held;
      return holdsNothing();
    }),
  );
  answerAttempts(() => bought());
  const buying = new Buying(SKU, ADA);
  const recalled = buying.recall(TERMS);
  await buying.press(TERMS);
  answerLookUp();
  await recalled;
  expect(buying.view.get().purchases).toEqual([purchase()]);
});
