import { useEffect, useState } from 'react';

const SECOND_MS = 1000;

/** The server's clock, renewed at each of its full seconds. */
export function useServerNow(offsetMs: number): number {
  const [nowMs, setNowMs] = useState(() => Date.now() + offsetMs);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    const tick = () => {
      const now = Date.now() + offsetMs;
      setNowMs(now);
      timer = setTimeout(tick, SECOND_MS - (now % SECOND_MS));
    };
    tick();
    return () => clearTimeout(timer);
  }, [offsetMs]);
  return nowMs;
}
