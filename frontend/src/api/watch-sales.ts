import { createParser } from 'eventsource-parser';
import { failureOf } from './answer';
import { parseSaleEvent, type SaleEvent } from './sale-events';

export interface SalesListener {
  /** Something came, be it only the comment that keeps the connection alive. */
  beat(): void;
  heard(event: SaleEvent): void;
  /** How long the server wants its clients to wait before they open a lost stream again. */
  told(retryMs: number): void;
  /** The stream is over, and nothing more is heard; null if the connection broke. */
  ended(refusal: Refusal | null): void;
}

/** An answer that is not a stream. */
export interface Refusal {
  /** The server knows no such sale; anybody else's 404 does not say so. */
  missing: boolean;
  retryAfterMs: number;
}

/**
 * Opens the event stream of one sale, or of all public sales when `sku` is null; the returned function closes it.
 *
 * Read by fetch: an EventSource hides the heartbeat, by which a dead connection is told from a quiet sale, and
 * the status of a refusal.
 */
export function watchSales(sku: string | null, listener: SalesListener): () => void {
  const closing = new AbortController();
  void follow(sku, listener, closing.signal).then((refusal) => {
    if (!closing.signal.aborted) listener.ended(refusal);
  });
  return () => closing.abort();
}

async function follow(
  sku: string | null,
  listener: SalesListener,
  signal: AbortSignal,
): Promise<Refusal | null> {
  const url = new URL('/api/v1/sales/events', location.origin);
  if (sku !== null) url.searchParams.set('sku', sku);
  try {
    const headers = { Accept: 'text/event-stream' };
    // Low, or a page with its stream open never counts as loaded: who measures pages waits for the rest.
    const response = await fetch(url, { headers, cache: 'no-store', priority: 'low', signal });
    const isStream = response.headers.get('Content-Type')?.startsWith('text/event-stream');
    if (!response.ok || !isStream || !response.body) return await refusalIn(response, sku);
    await read(response.body, listener, signal);
  } catch {
    // The network went away, or the stream was closed: either way it is over.
  }
  return null;
}

async function refusalIn(response: Response, sku: string | null): Promise<Refusal> {
  const body: unknown = response.status === 404 ? await response.json().catch(() => null) : null;
  if (!response.bodyUsed) void response.body?.cancel().catch(() => {});
  const failure = failureOf(response, body);
  return {
    missing: sku !== null && failure?.code === 'NOT_FOUND',
    retryAfterMs: (failure?.retryAfter ?? 0) * 1000,
  };
}

async function read(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  listener: SalesListener,
  signal: AbortSignal,
): Promise<void> {
  const parser = createParser({
    onEvent: ({ event, data }) => {
      const parsed = parseSaleEvent(event, data);
      if (parsed) listener.heard(parsed);
    },
    onRetry: (retryMs) => listener.told(retryMs),
  });
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done || signal.aborted) return;
    listener.beat();
    parser.feed(value);
  }
}
