import { keptFormat } from './kept-format';

const SECOND_MS = 1000;

const pad = (value: number) => String(value).padStart(2, '0');

/** "00:04:12", with days as the locale has them before it; a part of a second counts as a whole one. */
export function countdownText(locale: string, leftMs: number): string {
  const seconds = Math.max(0, Math.ceil(leftMs / SECOND_MS));
  const days = Math.floor(seconds / 86_400);
  const clock = [Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60];
  return `${days > 0 ? `${daysText(locale, days)} ` : ''}${clock.map(pad).join(':')}`;
}

/** "2d", "2 T". */
const daysText = keptFormat(
  (locale) => new Intl.NumberFormat(locale, { style: 'unit', unit: 'day', unitDisplay: 'narrow' }),
);

/** "12:03:04" in the reader's time zone. */
export const clockText = dateText({ timeStyle: 'medium', hourCycle: 'h23' });

/** "Feb 15, 2026, 12:03:04" in the reader's time zone, as the locale has it. */
export const instantText = dateText({ dateStyle: 'medium', timeStyle: 'medium', hourCycle: 'h23' });

/** "Feb 15, 2026, 12:03:04 UTC" in the reader's time zone, which it names: a receipt is read elsewhere too. */
export const receiptTimeText = dateText({
  year: 'numeric',
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
  timeZoneName: 'short',
});

/** "Feb 15, 12:03" in the reader's time zone, as the locale has it. */
export const momentText = dateText({
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
});

function dateText(options: Intl.DateTimeFormatOptions) {
  return keptFormat((locale) => new Intl.DateTimeFormat(locale, options));
}
