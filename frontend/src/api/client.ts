import createClient from 'openapi-fetch';
import type { paths } from './schema';

/** How long one request may take before its outcome counts as unknown. */
export const REQUEST_TIMEOUT_MS = 10_000;

export const client = createClient<paths>({
  baseUrl: globalThis.location.origin,
  // The client keeps the fetch it is made with: looking it up at the call lets tests put theirs in.
  fetch: (request) => globalThis.fetch(request),
});
