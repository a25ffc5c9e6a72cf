import { HttpResponse, http } from 'msw';
import { expect, test } from 'vitest';
import { status } from '../test/fake-status';
import { server } from '../test/server';
import { sale } from '../test/wire-answers';
import { getSale } from './get-sale';
import { getSales } from './get-sales';

const WRITTEN = '2026-02-15T10:00:00.250Z';

/** Both routes tell what was written at `WRITTEN`, under these headers. */
function answerWith(headers: Record<string, string>): Request[] {
  const requests: Request[] = [];
  const told = sale({ serverTime: WRITTEN });
  const answer = (data: unknown) => HttpResponse.json({ success: true, data }, { headers });
  server.use(
    http.get('*/api/v1/sales', ({ request }) => {
      requests.push(request);
      return answer(told);
    }),
    http.get('*/api/v1/sales/all', ({ request }) => {
      requests.push(request);
      return answer([told]);
    }),
  );
  return requests;
}

async function toldTimes(): Promise<(string | undefined)[]> {
  const [one, all] = await Promise.all([getSale('WIDGET-001'), getSales()]);
  return [one.kind === 'ok' ? one.data.serverTime : '', all.kind === 'ok' ? all.data[0]?.serverTime : ''];
}

test('one sale and all of them are asked for by their own routes', async () => {
  status.tell(sale({ sku: 'A-1' }));
  expect(await getSale('A-1')).toMatchObject({ kind: 'ok', data: { sku: 'A-1' } });
  expect(await getSales()).toMatchObject({ kind: 'ok', data: [{ sku: 'A-1' }] });
  expect(status.reads).toEqual(['/api/v1/sales?sku=A-1', '/api/v1/sales/all']);
});

test('a cache that many share may answer, the browser keeps nothing', async () => {
  const requests = answerWith({});
  await toldTimes();
  expect(requests.map(({ cache, headers }) => [cache, headers.get('Cache-Control')])).toEqual([
    ['no-store', 'max-age=1'],
    ['no-store', 'max-age=1'],
  ]);
});

test('an answer that a cache kept and found unchanged is as new as its date', async () => {
  answerWith({ Date: 'Sun, 15 Feb 2026 11:30:00 GMT' });
  expect(await toldTimes()).toEqual(['2026-02-15T11:30:00.000Z', '2026-02-15T11:30:00.000Z']);
});

test.each([
  ['cut down to the second', { Date: 'Sun, 15 Feb 2026 10:00:00 GMT' }],
  ['a little ahead', { Date: 'Sun, 15 Feb 2026 10:00:02 GMT' }],
  ['missing', {}],
  ['unreadable', { Date: 'yesterday' }],
])('a date that is %s makes no answer older', async (_, headers) => {
  answerWith(headers);
  expect(await toldTimes()).toEqual([WRITTEN, WRITTEN]);
});
