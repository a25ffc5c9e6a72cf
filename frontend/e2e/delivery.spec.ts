import { expect, test } from './fixtures.js';
import type { Server } from './server.js';

async function get(server: Server, path: string, encoding: string): Promise<Response> {
  const headers = { Accept: 'text/html,*/*;q=0.8', 'Accept-Encoding': encoding };
  const response = await fetch(server.url + path, { headers });
  expect(response.status, path).toBe(200);
  return response;
}

/** The files that the page loads at once, by their addresses. */
async function assetsOf(server: Server): Promise<string[]> {
  const html = await (await get(server, '/', 'identity')).text();
  return [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => path ?? '');
}

test('the page is asked about each time, and its policy takes nothing inline', { tag: '@once' }, async ({
  server,
}) => {
  for (const path of ['/', '/sales/ANY-SKU', '/nowhere']) {
    const { headers } = await get(server, path, 'br');
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(headers.get('cache-control')).toBe('no-cache');
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'self'");
    expect(policy).toContain("connect-src 'self'");
    expect(policy).not.toMatch(/unsafe|data:|\*/);
  }
});

test('pictures come from the page itself and the origins that the shop names', {
  tag: '@once',
}, async ({ server, startServer }) => {
  const pictures = async (from: Server) => {
    const policy = (await get(from, '/', 'br')).headers.get('content-security-policy') ?? '';
    return /(?:^|; *)img-src ([^;]*)/.exec(policy)?.[1];
  };
  expect(await pictures(server)).toBe("'self'");
  const origins = ['https://cdn.example.com', 'https://pictures.example.org'];
  const other = await startServer({ settings: { STAMPEDE_IMAGE_ORIGINS: origins.join(',') } });
  expect(await pictures(other)).toBe(`'self' ${origins.join(' ')}`);
});

test('assets are kept for ever, in the smallest form that the browser takes', { tag: '@once' }, async ({
  server,
}) => {
  const assets = await assetsOf(server);
  expect(assets.length).toBeGreaterThan(1);
  for (const path of assets) {
    const sizes: number[] = [];
    for (const [accepted, sent] of [
      ['gzip, deflate, br, zstd', 'br'],
      ['gzip', 'gzip'],
      ['br;q=0, gzip', 'gzip'],
      ['identity', null],
      ['zstd', null],
    ] as const) {
      const { headers } = await get(server, path, accepted);
      expect(headers.get('content-encoding'), `${path} for ${accepted}`).toBe(sent);
      expect(headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
      expect(headers.get('vary')?.toLowerCase()).toBe('accept-encoding');
      sizes.push(Number(headers.get('content-length')));
    }
    const [br = 0, gzip = 0, , plain = 0] = sizes;
    expect(br).toBeGreaterThan(0);
    expect(gzip).toBeGreaterThan(br);
    expect(plain).toBeGreaterThan(gzip);
  }
});

test('a font is sent as it is: it is compressed already', { tag: '@once' }, async ({ server }) => {
  const css = (await assetsOf(server)).find((path) => path.endsWith('.css')) ?? '';
  const styles = await (await get(server, css, 'br')).text();
  const font = /url\(([^)]+\.woff2)\)/.exec(styles)?.[1] ?? '';
  const { headers } = await get(server, new URL(font, `${server.url}${css}`).pathname, 'gzip, br');
  expect(headers.get('content-type')).toBe('font/woff2');
  expect(headers.get('content-encoding')).toBeNull();
  expect(Number(headers.get('content-length'))).toBeGreaterThan(0);
});

test('an asset of another build is 404 and never the page', { tag: '@once' }, async ({ server }) => {
  const response = await fetch(`${server.url}/assets/index-gone.js`, { headers: { Accept: 'text/html' } });
  expect(response.status).toBe(404);
  expect(response.headers.get('cache-control')).toBe('no-store');
});

/** As sent: 130 kB of script is about a second on a slow phone's network. */
const SCRIPT_BYTES_MAX = 130_000;

test('a visit to the shop loads little script', { tag: '@once' }, async ({ server, keeper, shopper }) => {
  const loaded = new Map<string, number>();
  shopper.page.on('response', (response) => {
    if (response.request().resourceType() !== 'script') return;
    loaded.set(response.url(), Number(response.headers()['content-length']));
  });
  const sku = await keeper.sale();
  await shopper.page.goto(server.url);
  await shopper.visit(server, sku);
  await shopper.callThemselves('Ada');
  await shopper.button.click();
  await expect(shopper.purchaseNo).toBeVisible();
  const sum = [...loaded.values()].reduce((all, bytes) => all + bytes, 0);
  const list = [...loaded].map(([url, bytes]) => `${bytes} ${url}`).join('\n');
  expect(sum, `bytes of script, as sent:\n${list}`).toBeGreaterThan(0);
  expect(sum, `bytes of script, as sent:\n${list}`).toBeLessThanOrEqual(SCRIPT_BYTES_MAX);
});
