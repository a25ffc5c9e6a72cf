import type { FaceName } from '../buying/buy-face';

type Tone = 'brand' | 'ok' | 'warn' | 'quiet';

const TONES: Record<Tone, string> = {
  brand: 'border-brand/40 text-brand',
  ok: 'border-ok/40 text-ok',
  warn: 'border-warn/40 text-warn',
  quiet: 'border-line text-muted',
};

/** The sale's state as a word; `saleFace` is that of somebody who holds nothing. */
export function StatePill({ saleFace }: { saleFace: FaceName }) {
  const [word, tone] = pillOf(saleFace);
  return (
    <span
      className={`inline-flex items-center gap-2 rounded-full border px-3 py-1 text-sm font-semibold ${TONES[tone]}`}
    >
      <span aria-hidden="true" className={`size-2 rounded-full bg-current ${tone === 'ok' ? 'pulse' : ''}`} />
      {word}
    </span>
  );
}

function pillOf(face: FaceName): [word: string, tone: Tone] {
  if (face === 'upcoming') return ['Upcoming', 'brand'];
  if (face === 'starting') return ['Starting', 'brand'];
  if (face === 'paused') return ['Paused', 'warn'];
  if (face === 'soldOut') return ['Sold out', 'quiet'];
  return face === 'ended' ? ['Ended', 'quiet'] : ['Live now', 'ok'];
}
