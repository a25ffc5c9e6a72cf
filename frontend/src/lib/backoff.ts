/** A growing range to wait in, so that a crowd that failed together does not come back together. */
export interface Backoff {
  baseMs: number;
  capMs: number;
}

/** Whoever asks for more than this does not mean it, and timers of weeks overflow to none at all. */
const ASKED_MS_MAX = 10 * 60_000;

/**
 * The wait before try number `tries` (0 is the first repeat): between a quarter and all of `base · 2^tries`.
 *
 * What the server asked for comes first, and is spread over as long again: it asked everybody for the same.
 */
export function backoffMs(
  { baseMs, capMs }: Backoff,
  tries: number,
  askedMs = 0,
  random = Math.random,
): number {
  const floorMs = Math.min(Math.max(0, askedMs), ASKED_MS_MAX);
  const ceilingMs = Math.max(floorMs, Math.min(capMs, baseMs * 2 ** tries));
  return floorMs + jitterMs(ceilingMs / 4, ceilingMs, random);
}

/** A time between `fromMs` and `toMs`. */
export function jitterMs(fromMs: number, toMs: number, random = Math.random): number {
  return fromMs + random() * (toMs - fromMs);
}
