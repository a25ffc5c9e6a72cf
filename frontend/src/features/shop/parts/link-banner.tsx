import { clockText } from '../../../lib/time-text';
import type { Link } from '../live/live-sale';

function sentenceOf(link: Link, asOf: string): string | null {
  if (link === 'lost') return `Reconnecting… stock as of ${asOf}`;
  if (link === 'polling') return `Live updates are off, looking every few seconds. Stock as of ${asOf}`;
  return link === 'offline' ? `You are offline. Stock as of ${asOf}` : null;
}

/**
 * Says that the shown stock may be old.
 *
 * The region is always there, so that its text is spoken when it comes, and it lies over the header, on wide
 * screens over the artwork, so that the button never moves under a finger and nothing that is read is covered.
 */
export function LinkBanner({ link, asOfMs }: { link: Link; asOfMs: number }) {
  const sentence = sentenceOf(link, clockText(asOfMs));
  return (
    <div
      role="status"
      data-testid="link-banner"
      className="link-banner pointer-events-none fixed z-10 mx-auto max-w-lg"
    >
      {sentence && (
        <p className="rounded-xl border border-warn/50 bg-surface px-4 py-2.5 shadow-lg text-center text-sm font-medium text-warn tabular-nums">
          {sentence}
        </p>
      )}
    </div>
  );
}
