import type { ApiFailure } from './wire';

/**
 * What came of one call.
 *
 * A rejection is an answer (200, nothing taken); a failure decided nothing; `unknown` means that no readable
 * answer came, so that a purchase may or may not have been made.
 */
export type Answer<T> =
  | { kind: 'ok'; data: T }
  | { kind: 'rejection'; failure: ApiFailure }
  | { kind: 'failure'; status: number; failure: ApiFailure }
  | { kind: 'unknown' };

interface Reply {
  data?: unknown;
  error?: unknown;
  response: Response;
}

/** Runs `call` and reads its reply; `accepts` is the edge where untrusted data becomes a `T`. */
export async function answerOf<T>(
  call: () => Promise<Reply>,
  accepts: (data: unknown) => data is T,
): Promise<Answer<T>> {
  let reply: Reply;
  try {
    reply = await call();
  } catch {
    return { kind: 'unknown' };
  }
  const { response } = reply;
  const body = reply.data ?? reply.error;
  if (response.ok) {
    if (!isRecord(body)) return { kind: 'unknown' };
    if (body.success === true && accepts(body.data)) return { kind: 'ok', data: body.data };
    const failure = failureIn(body);
    return body.success === false && failure ? { kind: 'rejection', failure } : { kind: 'unknown' };
  }
  const failure = failureOf(response, body);
  return failure ? { kind: 'failure', status: response.status, failure } : { kind: 'unknown' };
}

/** What a refusal says; null when whoever refused may not know what happened behind it. */
export function failureOf({ status, headers }: Response, body: unknown): ApiFailure | null {
  const failure = failureIn(body) ?? failureByStatus(status);
  return failure && withRetryAfter(failure, headers);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function failureIn(body: unknown): ApiFailure | null {
  if (!isRecord(body) || !isRecord(body.error)) return null;
  const { code, message } = body.error;
  return typeof code === 'string' && typeof message === 'string' ? (body.error as ApiFailure) : null;
}

/** Proxies refuse in their own words; only the two statuses that they send under load are understood. */
function failureByStatus(status: number): ApiFailure | null {
  if (status === 503) return { code: 'SERVICE_UNAVAILABLE', message: 'The shop is very busy.' };
  if (status === 429) return { code: 'RATE_LIMITED', message: 'Too many requests.' };
  if (status >= 500) return null;
  return { code: `HTTP_${status}`, message: `The shop refused the request (${status}).` };
}

function withRetryAfter(failure: ApiFailure, headers: Headers): ApiFailure {
  if (failure.retryAfter !== undefined) return failure;
  const seconds = Number(headers.get('Retry-After') ?? Number.NaN);
  return Number.isFinite(seconds) ? { ...failure, retryAfter: seconds } : failure;
}
