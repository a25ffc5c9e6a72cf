const SECOND_MS = 1000;

const pad = (value: number) => String(value).padStart(2, '0');

/** "00:04:12", with days before it when there are any; a part of a second counts as a whole one. */
export function countdownText(leftMs: number): string {
  const seconds = Math.max(0, Math.ceil(leftMs / SECOND_MS));
  const days = Math.floor(seconds / 86_400);
  const clock = [Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60];
  return `${days > 0 ? `${days} d ` : ''}${clock.map(pad).join(':')}`;
}

const clock = new Intl.DateTimeFormat('en', { timeStyle: 'medium', hourCycle: 'h23' });
const dayAndClock = new Intl.DateTimeFormat('en', {
  dateStyle: 'medium',
  timeStyle: 'medium',
  hourCycle: 'h23',
});

/** "12:03:04" in the reader's time zone. */
export const clockText = (instantMs: number): string => clock.format(instantMs);

/** "Feb 15, 2026, 12:03:04" in the reader's time zone. */
export const instantText = (instantMs: number): string => dayAndClock.format(instantMs);
