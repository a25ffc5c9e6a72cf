import type { ReactNode } from 'react';
import { Icon, type IconName } from './icon';

const TONES = {
  bad: 'border-bad/50 text-bad',
  warn: 'border-warn/50 text-warn',
  plain: 'border-line text-muted',
} as const;

export type Tone = keyof typeof TONES;

interface Props {
  tone: Tone;
  icon: IconName;
  /** It came after something was done, so it is spoken. */
  spoken?: boolean;
  id?: string;
  children: ReactNode;
}

/** A few words set apart: what went wrong, or what to know before going on. */
export function Notice({ tone, icon, spoken = false, id, children }: Props) {
  return (
    <div
      id={id}
      role={spoken ? 'alert' : undefined}
      className={`flex gap-3 rounded-xl border bg-canvas px-4 py-3 text-sm ${TONES[tone]}`}
    >
      <Icon name={icon} className="mt-px size-5" />
      <div className="grid min-w-0 grow grid-cols-1 gap-3 wrap-anywhere text-ink">{children}</div>
    </div>
  );
}
