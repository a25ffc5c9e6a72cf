import type { Face, FaceName } from '../buying/buy-face';

const WAITING: readonly FaceName[] = ['deciding', 'busy', 'checking'];
const BOUGHT: readonly FaceName[] = ['bought', 'alreadyBought'];

function lookOf(face: Face): string {
  if (BOUGHT.includes(face.name)) return 'border-2 border-ok bg-surface text-ok';
  if (WAITING.includes(face.name)) return 'border border-transparent bg-brand/15 text-brand';
  return face.usable
    ? 'border border-transparent bg-brand text-on-brand shadow-lg shadow-brand/25 hover:brightness-110 active:scale-[.99]'
    : 'border border-line bg-line/60 text-ink';
}

/**
 * The one button: always there, and it never moves, whatever it says: it has room for two lines, and so has its hint.
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
        aria-describedby="buy-hint"
        data-face={face.name}
        className={`flex min-h-16 w-full items-center justify-center gap-3 rounded-2xl px-5 py-2 text-lg leading-tight font-semibold tabular-nums transition aria-disabled:cursor-not-allowed ${lookOf(face)}`}
        onClick={() => {
          if (face.usable) onPress();
        }}
      >
        {waiting && <span aria-hidden="true" className="spinner" />}
        {BOUGHT.includes(face.name) && <CheckMark />}
        <span>
          {face.label}
          {/* A screen reader that waits on the button would read every change of its name. */}
          {face.tick && <span aria-hidden="true"> {face.tick}</span>}
        </span>
      </button>
      <p id="buy-hint" className="mt-2 min-h-10 text-center text-sm text-balance text-muted">
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
