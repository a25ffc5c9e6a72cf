import { HttpResponse, http } from 'msw';
import { beforeEach, expect, test, vi } from 'vitest';
import { answerAttempts, answerLookUps, keys } from '../../../test/fake-purchases';
import { server } from '../../../test/server';
import { holdTime, pass } from '../../../test/time';
import { until } from '../../../test/until';
import { bought, failure, holds, holdsNothing, PURCHASES, purchase } from '../../../test/wire-answers';
import { pendingAttempt } from './attempt-keys';
import { Buying } from './buying';
import { recordedPurchases } from './purchase-records';

const SKU = 'WIDGET-001';
const ADA = 'Ada';
const TERMS = { version: 14, limitPerBuyer: 1 };

const phaseOf = (buying: Buying) => buying.view.get().phase.name;
const enters = (buying: Buying, phase: string) => until(() => phaseOf(buying) === phase);

beforeEach(() => {
  holdTime();
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
  answerLookUps(() => holds(purchase('PUR-OLD')));
  const buying = new Buying(SKU, ADA);
  await buying.press(TERMS);
  expect(buying.view.get()).toMatchObject({ phase: { name: 'rejected' }, purchases: [purchase('PUR-OLD')] });
});

test('who holds several is told of one by the rejection, and of all by the list', async () => {
  const both = [purchase('PUR-PHONE'), purchase('PUR-LAPTOP')];
  answerAttempts(() => failure(200, 'ALREADY_PURCHASED', { purchase: both[1] }));
  answerLookUps(() => holds(...both));
  const buying = new Buying(SKU, ADA);
  await buying.press({ version: 14, limitPerBuyer: 2 });
  expect(buying.view.get().purchases).toEqual(both);
});

test('a rejection is of the newest version of the sale that the page knew when it came', async () => {
  const buying = new Buying(SKU, ADA);
  server.use(
    http.post(PURCHASES, async () => {
      await buying.recall({ ...TERMS, version: 20 });
      return failure(200, 'SOLD_OUT');
    }),
  );
  await buying.press(TERMS);
  expect(buying.view.get().phase).toMatchObject({ name: 'rejected', atVersion: 20 });
});

test('a busy shop gets the same key again, no sooner than it asked', async () => {
  answerAttempts(
    () => failure(503, 'SERVICE_UNAVAILABLE', { retryAfter: 2 }),
    () => bought(),
  );
  const buying = new Buying(SKU, ADA);
  const done = buying.press(TERMS);
  await enters(buying, 'busy');
  await pass(2400);
  expect(keys).toHaveLength(1);
  await pass(1600);
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
  await pass(500);
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
  await pass(500);
  expect(keys).toHaveLength(2);
  await pass(1000);
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
  await pass(500);
  await done;
  expect(buying.view.get().purchases).toEqual([purchase('PUR-FIRST'), purchase('PUR-SECOND')]);
});

test('after many tries the attempt rests with its key, and a press goes on with it', async () => {
  answerAttempts(() => HttpResponse.error());
  const buying = new Buying(SKU, ADA);
  const done = buying.press(TERMS);
  await pass(80_000);
  await done;
  expect(phaseOf(buying)).toBe('stalled');
  expect(keys).toHaveLength(12);
  const key = keys[0];
  expect(pendingAttempt(SKU, ADA)?.key).toBe(key);
  expect(buying.view.get().phase).toEqual({ name: 'stalled', busy: false });
  answerAttempts(() => bought());
  await buying.press(TERMS);
  expect(keys).toEqual([key]);
});

test('a shop that is busy each time is called busy, and the next press goes on with the key', async () => {
  answerAttempts(() => failure(503, 'SERVICE_UNAVAILABLE', { retryAfter: 1 }));
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
  expect(keys).toHaveLength(12);
  expect(buying.view.get().phase).toEqual({ name: 'stalled', busy: true });
  const [key] = keys;
  answerAttempts(() => bought());
  const again = buying.press(TERMS);
  expect(phaseOf(buying)).toBe('deciding');
  await again;
  expect(keys).toEqual([key]);
}, 20_000);

test('too fast keeps the key, shows the wait, and lets the buyer press again', async () => {
  answerAttempts(
    () => failure(429, 'RATE_LIMITED', { retryAfter: 3 }),
    () => bought(),
  );
  const buying = new Buying(SKU, ADA);
  await buying.press(TERMS);
  expect(buying.view.get().phase).toEqual({ name: 'tooFast', untilMs: Date.now() + 3000 });
  await pass(3000);
  expect(phaseOf(buying)).toBe('idle');
  await buying.press(TERMS);
  expect(keys[1]).toBe(keys[0]);
});

test('who was too fast and comes back later is not pressed for, and presses with the same key', async () => {
  answerAttempts(() => failure(429, 'RATE_LIMITED', { retryAfter: 3 }));
  await new Buying(SKU, ADA).press(TERMS);
  const [key] = keys;
  answerAttempts(() => bought());
  const reloaded = new Buying(SKU, ADA);
  await reloaded.recall(TERMS);
  expect(keys).toEqual([]);
  await reloaded.press(TERMS);
  expect(keys).toEqual([key]);
});

test('a refused request says what is wrong', async () => {
  answerAttempts(() => failure(400, 'VALIDATION_ERROR', { fields: { 'X-User-Id': 'too long' } }));
  const buying = new Buying(SKU, ADA);
  await buying.press(TERMS);
  expect(buying.view.get().phase).toMatchObject({ name: 'refused', fields: { 'X-User-Id': 'too long' } });
});

test('a refusal after an unknown outcome decides nothing, and the next press has the same key', async () => {
  answerAttempts(
    () => HttpResponse.error(),
    () => new HttpResponse('<h1>403</h1>', { status: 403 }),
    () => bought(),
  );
  const buying = new Buying(SKU, ADA);
  const done = buying.press({ version: 14, limitPerBuyer: 2 });
  await enters(buying, 'checking');
  await pass(500);
  await done;
  expect(phaseOf(buying)).toBe('refused');
  await buying.press(TERMS);
  expect(keys).toHaveLength(3);
  expect(new Set(keys).size).toBe(1);
});

test('a device that says it has no network is not believed for ever', async () => {
  answerAttempts(() => failure(503, 'SERVICE_UNAVAILABLE', { retryAfter: 1 }));
  vi.spyOn(navigator, 'onLine', 'get').mockReturnValue(false);
  const buying = new Buying(SKU, ADA);
  const done = buying.press(TERMS);
  await enters(buying, 'busy');
  answerAttempts(() => bought());
  await pass(35_000);
  await done;
  expect(buying.view.get().purchases).toEqual([purchase()]);
});

test('a device that comes back online waits as long as the shop asked', async () => {
  answerAttempts(
    () => failure(503, 'SERVICE_UNAVAILABLE', { retryAfter: 4 }),
    () => bought(),
  );
  const buying = new Buying(SKU, ADA);
  const done = buying.press(TERMS);
  await enters(buying, 'busy');
  dispatchEvent(new Event('online'));
  await pass(3500);
  expect(keys).toHaveLength(1);
  await pass(5000);
  await done;
  expect(keys).toHaveLength(2);
});

test('a device without a network waits for one before it tries again', async () => {
  answerAttempts(() => HttpResponse.error());
  const offline = vi.spyOn(navigator, 'onLine', 'get').mockReturnValue(false);
  const buying = new Buying(SKU, ADA);
  const done = buying.press(TERMS);
  await enters(buying, 'checking');
  await pass(20_000);
  expect(keys).toHaveLength(1);
  answerAttempts(() => bought());
  offline.mockReturnValue(true);
  dispatchEvent(new Event('online'));
  await done;
  expect(keys).toHaveLength(1);
  expect(buying.view.get().purchases).toEqual([purchase()]);
});
