import type { ReactNode } from 'react';
import { useServerNow } from '../../../live/use-server-now';

interface Props {
  /** Server's clock minus this device's. */
  offsetMs: number;
  children: (nowMs: number) => ReactNode;
}

/** What follows the server's clock, each second, so that nothing around it has to. */
export function Ticking({ offsetMs, children }: Props) {
  return children(useServerNow(offsetMs));
}
