import { clockText } from '../../../lib/time-text';
import type { Link } from '../../../live/live-sales';
import { useShopTexts } from '../../../texts/use-shop-texts';

/**
 * Says that the shown stock may be old.
 *
 * The region is always there, so that its text is spoken when it comes; the time in it is not, since that changes.
 * It lies over the header, so that the button never moves under a finger. Polling is no fault of the reader's
 * network and may last: it is told quietly, where it scrolls away with the header.
 */
export function LinkBanner({ link, asOfMs }: { link: Link; asOfMs: number }) {
  const { texts, locale } = useShopTexts();
  const quiet = link === 'polling';
  return (
    <div
      role="status"
      data-testid="link-banner"
      className={`pointer-events-none z-10 ${quiet ? 'link-note' : 'link-banner'}`}
    >
      {link !== 'live' && link !== 'connecting' && (
        <p className={quiet ? '' : 'banner'}>
          {texts.link[link]} <span aria-hidden="true">{texts.link.asOf(clockText(locale, asOfMs))}</span>
        </p>
      )}
    </div>
  );
}
