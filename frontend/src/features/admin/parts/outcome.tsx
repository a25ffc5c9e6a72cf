import { type ReactNode, useEffect, useId, useRef } from 'react';
import type { IconName } from './icon';
import { Notice, type Tone } from './notice';

interface Props {
  /** Changes with each outcome. */
  of: object;
  tone: Tone;
  icon: IconName;
  says: ReactNode;
  /** What can be done about it. */
  children?: ReactNode;
}

/** What came of a try: it takes the focus when it comes, and is read out, since what it says is its name. */
export function Outcome({ of, tone, icon, says, children }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const id = useId();
  // biome-ignore lint/correctness/useExhaustiveDependencies: each outcome is told, also one that is told again.
  useEffect(() => place.current?.focus(), [of]);
  return (
    <div ref={place} role="group" aria-labelledby={id} tabIndex={-1} className="rounded-xl">
      <Notice tone={tone} icon={icon}>
        <p id={id}>{says}</p>
        {children}
      </Notice>
    </div>
  );
}
