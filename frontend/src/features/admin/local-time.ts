const pad = (value: number, digits = 2) => String(value).padStart(digits, '0');

/** An instant as `datetime-local` takes it, in this device's time zone; seconds only if there are any. */
export function localEntry(instant: string | number): string {
  const at = new Date(instant);
  const day = `${pad(at.getFullYear(), 4)}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
  const seconds = at.getSeconds() === 0 ? '' : `:${pad(at.getSeconds())}`;
  return `${day}T${pad(at.getHours())}:${pad(at.getMinutes())}${seconds}`;
}

/** What `datetime-local` holds as RFC 3339 in UTC; null while it is not filled in. */
export function instantOf(entry: string): string | null {
  const atMs = new Date(entry).getTime();
  return entry === '' || Number.isNaN(atMs) ? null : new Date(atMs).toISOString();
}

/** "Europe/Berlin, GMT+1": the time zone that entries are in, with its distance at that instant. */
export function zoneText(locale: string, atMs: number): string {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  if (timeZone === 'UTC') return timeZone;
  const parts = new Intl.DateTimeFormat(locale, { timeZoneName: 'shortOffset' }).formatToParts(atMs);
  const offset = parts.find(({ type }) => type === 'timeZoneName')?.value;
  return offset === undefined ? timeZone : `${timeZone}, ${offset}`;
}

/** "2026-02-15 10:00 UTC". */
export function utcText(instant: string): string {
  const iso = new Date(instant).toISOString();
  return `${iso.slice(0, 10)} ${iso.slice(11, iso.slice(17, 19) === '00' ? 16 : 19)} UTC`;
}

const TIME = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;

/** "Feb 15, 11:00" in this device's time zone; with the year if it is not this one. */
export function dayAndTimeText(locale: string, instant: string, nowMs: number): string {
  const at = new Date(instant);
  const sameYear = at.getFullYear() === new Date(nowMs).getFullYear();
  const day = { ...(!sameYear && { year: 'numeric' as const }), month: 'short', day: 'numeric' } as const;
  return new Intl.DateTimeFormat(locale, { ...day, ...TIME }).format(at);
}

/** The end of what starts at `start`: "12:00" on the same day, else with its day. */
export function endText(locale: string, start: string, end: string, nowMs: number): string {
  const at = new Date(end);
  if (at.toDateString() !== new Date(start).toDateString()) return dayAndTimeText(locale, end, nowMs);
  return new Intl.DateTimeFormat(locale, TIME).format(at);
}
