import createClient from 'openapi-fetch';
import type { paths } from './schema';

/** How long one request may take before its outcome counts as unknown. */
export const REQUEST_TIMEOUT_MS = 10_000;

/**
 * For reads of what everybody sees.
 *
 * The browser keeps none: it would take a 304 for a new answer and the old `serverTime` in it for now. But
 * `no-store` alone also asks the caches on the way to step aside, and the whole crowd would reach the server.
 */
export const SHARED_READ = { cache: 'no-store', headers: { 'Cache-Control': 'max-age=1' } } as const;

export const client = createClient<paths>({
  baseUrl: globalThis.location.origin,
  // The client keeps the fetch it is made with: looking it up at the call lets tests put theirs in.
  fetch: (request) => globalThis.fetch(request),
});
