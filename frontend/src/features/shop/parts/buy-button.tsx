import type { Face, FaceName } from '../buying/buy-face';

const WAITING: readonly FaceName[] = ['deciding', 'busy', 'checking'];

function lookOf(face: Face): string {
  if (face.name === 'bought') return 'border-2 border-ok bg-surface text-ok';
  if (WAITING.includes(face.name)) return 'bg-brand/15 text-brand';
  return face.usable
    ? 'bg-brand text-on-brand shadow-lg shadow-brand/25 hover:brightness-110 active:scale-[.99]'
    : 'border border-line bg-line/60 text-ink';
}

/**
 * The one button: always there, always of one height.
 *
 * It is `aria-disabled` and never `disabled`, so that it keeps the focus and says why it does nothing.
 */
export function BuyButton({ face, onPress }: { face: Face; onPress: () => void }) {
  const waiting = WAITING.includes(face.name);
  return (
    <div>
      <button
        type="button"
        aria-disabled={!face.usable}
        aria-busy={waiting}
        aria-describedby="buy-hint"
        data-face={face.name}
        className={`flex h-14 w-full items-center justify-center gap-3 rounded-2xl px-5 text-lg font-semibold tabular-nums transition aria-disabled:cursor-not-allowed ${lookOf(face)}`}
        onClick={() => {
          if (face.usable) onPress();
        }}
      >
        {waiting && <span aria-hidden="true" className="spinner" />}
        {face.name === 'bought' && <CheckMark />}
        {face.label}
      </button>
      <p id="buy-hint" className="mt-2 min-h-5 text-center text-sm text-balance text-muted">
        {face.hint}
      </p>
    </div>
  );
}

function CheckMark() {
  return (
    <svg viewBox="0 0 20 20" aria-hidden="true" className="size-5 fill-none stroke-current">
      <path d="m4 10.5 4 4 8-9" strokeWidth="2.5" strokeLinecap="round" strokeLinejoin="round" />
    </svg>
  );
}
