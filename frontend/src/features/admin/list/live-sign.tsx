import { clockText } from '../../../lib/time-text';
import { useSettledLink } from '../../../live/use-settled-link';
import { useAdminTexts } from '../../../texts/use-admin-texts';
import type { DeskView } from '../desk/product-desk';

/** Whether the numbers on the page are live, and up to when they are known to hold if not. */
export function LiveSign({ link, asOfMs }: Pick<DeskView, 'link' | 'asOfMs'>) {
  const { texts, locale } = useAdminTexts();
  const { list } = texts;
  const shown = useSettledLink(link);
  const live = shown === 'live';
  const lost = shown === 'lost';
  return (
    <span
      data-testid="live-sign"
      title={lost ? list.lostLead : undefined}
      className={`inline-flex items-center gap-2 text-sm font-medium tabular-nums ${live ? 'text-ok' : lost ? 'text-warn' : 'text-muted'}`}
    >
      <span
        aria-hidden="true"
        className={`size-2 rounded-full bg-current forced-color-adjust-none ${live ? 'pulse' : ''}`}
      />
      {live ? list.live : lost ? list.lost(clockText(locale, asOfMs)) : list.connecting}
    </span>
  );
}
