import { HttpResponse, http } from 'msw';
import { beforeEach, expect, test, vi } from 'vitest';
import { answerAttempts, answerLookUps, keys } from '../../../test/fake-purchases';
import { gate } from '../../../test/gate';
import { server } from '../../../test/server';
import { holdTime, pass } from '../../../test/time';
import { until } from '../../../test/until';
import { bought, failure, holds, holdsNothing, PURCHASES, purchase } from '../../../test/wire-answers';
import { dropAttempt, keyToSend, pendingAttempt } from './attempt-keys';
import { Buying } from './buying';
import { recordedPurchases, recordPurchases } from './purchase-records';

const SKU = 'WIDGET-001';
const ADA = 'Ada';
const TERMS = { version: 14, limitPerBuyer: 1 };

beforeEach(() => {
  holdTime();
  answerLookUps(holdsNothing);
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

test('an attempt that another tab decided late leaves the key of a newer attempt alone', async () => {
  const held = gate();
  server.use(
    http.post(PURCHASES, async () => {
      await held.passed;
      return bought();
    }),
  );
  const older = new Buying(SKU, ADA).press(TERMS);
  const olderKey = pendingAttempt(SKU, ADA)?.key ?? '';
  dropAttempt(SKU, ADA, olderKey);
  const newerKey = keyToSend(SKU, ADA);
  held.open();
  await older;
  expect(newerKey).not.toBe(olderKey);
  expect(pendingAttempt(SKU, ADA)?.key).toBe(newerKey);
});

test('a purchase keeps the price that it was made at, and nothing that holds for a moment only', async () => {
  const priced = { ...purchase(), priceMinor: 14_900, currency: 'EUR' };
  answerAttempts(() => bought(priced));
  const buying = new Buying(SKU, ADA);
  await buying.press(TERMS);
  expect(buying.view.get().purchases).toEqual([priced]);
  expect(new Buying(SKU, ADA).view.get().purchases).toEqual([priced]);
});

test('a purchase that another tab made is taken over', () => {
  const buying = new Buying(SKU, ADA);
  recordPurchases(SKU, ADA, [purchase('PUR-OTHER-TAB')]);
  buying.readRecords();
  expect(buying.view.get()).toMatchObject({ purchases: [purchase('PUR-OTHER-TAB')], outcomes: 0 });
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

test('an attempt from a time that has not come, by a clock that was put back, is not repeated by itself', async () => {
  keyToSend(SKU, ADA);
  vi.setSystemTime(Date.now() - 10 * 60_000);
  answerAttempts(() => bought());
  await new Buying(SKU, ADA).recall(TERMS);
  expect(keys).toEqual([]);
});

test('a remembered receipt is shown at once and completed by what the server knows', async () => {
  recordPurchases(SKU, ADA, [purchase('PUR-LOCAL')]);
  answerLookUps(() => holds(purchase('PUR-LOCAL'), purchase('PUR-SERVER')));
  const buying = new Buying(SKU, ADA);
  expect(buying.view.get().purchases).toEqual([purchase('PUR-LOCAL')]);
  await buying.recall(TERMS);
  const purchases = [purchase('PUR-LOCAL'), purchase('PUR-SERVER')];
  expect(buying.view.get()).toEqual({ phase: { name: 'idle' }, purchases, outcomes: 0 });
});

test('a receipt that the server does not know any more is kept, marked, until it does', async () => {
  recordPurchases(SKU, ADA, [purchase()]);
  const buying = new Buying(SKU, ADA);
  await buying.recall(TERMS);
  expect(buying.view.get().purchases).toEqual([{ ...purchase(), forgotten: true }]);
  expect(recordedPurchases(SKU, ADA)).toEqual([{ ...purchase(), forgotten: true }]);
  answerAttempts(() => bought(purchase('PUR-NEW')));
  await buying.press(TERMS);
  expect(recordedPurchases(SKU, ADA)).toEqual([{ ...purchase(), forgotten: true }, purchase('PUR-NEW')]);
  answerLookUps(() => holds(purchase(), purchase('PUR-NEW')));
  await new Buying(SKU, ADA).recall(TERMS);
  expect(recordedPurchases(SKU, ADA)).toEqual([purchase(), purchase('PUR-NEW')]);
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
  const held = gate();
  server.use(
    http.get(PURCHASES, async () => {
      await held.passed;
      return holdsNothing();
    }),
  );
  answerAttempts(() => bought());
  const buying = new Buying(SKU, ADA);
  const recalled = buying.recall(TERMS);
  await buying.press(TERMS);
  held.open();
  await recalled;
  expect(buying.view.get().purchases).toEqual([purchase()]);
});

test('who presses again after "too fast" wishes it again, so a reload goes on with it', async () => {
  answerAttempts(
    () => failure(429, 'RATE_LIMITED', { retryAfter: 3 }),
    () => failure(503, 'SERVICE_UNAVAILABLE', { retryAfter: 60 }),
  );
  const buying = new Buying(SKU, ADA);
  await buying.press(TERMS);
  await pass(3000);
  void buying.press(TERMS);
  await until(() => buying.view.get().phase.name === 'busy');
  const [key] = keys;
  answerAttempts(() => bought());
  await new Buying(SKU, ADA).recall(TERMS);
  expect(keys).toEqual([key]);
});

test('a name that is forgotten and typed again presses nothing by itself, and has its key', async () => {
  const key = keyToSend(SKU, ADA);
  new Buying(SKU, ADA).forget();
  answerAttempts(() => bought());
  await new Buying(SKU, ADA).recall(TERMS);
  expect(keys).toEqual([]);
  expect(pendingAttempt(SKU, ADA)?.key).toBe(key);
});

test('a server that has no time to say what the buyer holds is asked again', async () => {
  answerLookUps(() => failure(503, 'SERVICE_UNAVAILABLE'));
  const buying = new Buying(SKU, ADA);
  await buying.recall(TERMS);
  expect(buying.view.get().purchases).toEqual([]);
  answerLookUps(() => holds(purchase()));
  await pass(3000);
  expect(buying.view.get().purchases).toEqual([purchase()]);
});

test('a list that an attempt overtook is read once more', async () => {
  const held = gate();
  server.use(
    http.get(PURCHASES, async () => {
      await held.passed;
      return holds(purchase());
    }),
  );
  answerAttempts(() => failure(200, 'SOLD_OUT'));
  const buying = new Buying(SKU, ADA);
  const recalled = buying.recall(TERMS);
  await buying.press(TERMS);
  held.open();
  await recalled;
  await pass(3000);
  expect(buying.view.get().purchases).toEqual([purchase()]);
});

test('what was news of a buyer is none to who comes back to that name', async () => {
  answerAttempts(() => bought());
  const buying = new Buying(SKU, ADA);
  await buying.press(TERMS);
  expect(buying.view.get().outcomes).toBe(1);
  buying.leave();
  expect(buying.view.get()).toMatchObject({ purchases: [purchase()], outcomes: 0 });
});

test('a list that was asked for under a name that is forgotten meanwhile leaves no record', async () => {
  const held = gate();
  server.use(
    http.get(PURCHASES, async () => {
      await held.passed;
      return holds(purchase());
    }),
  );
  const buying = new Buying(SKU, ADA);
  const recalled = buying.recall(TERMS);
  buying.forget();
  held.open();
  await recalled;
  expect(recordedPurchases(SKU, ADA)).toEqual([]);
});
