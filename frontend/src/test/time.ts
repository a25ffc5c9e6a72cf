import { vi } from 'vitest';
import { settle } from './until';

const STEP_MS = 250;

/** Holds the clock, and luck in its middle: from here on time passes only by `pass`, and every wait is known. */
export function holdTime(): void {
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
}

/** Lets time pass in steps, so that what a step begins (a request, its answer) happens before the next one. */
export async function pass(ms: number, stepMs = STEP_MS): Promise<void> {
  for (let leftMs = ms; leftMs > 0; leftMs -= stepMs) {
    await vi.advanceTimersByTimeAsync(Math.min(leftMs, stepMs));
    await settle();
  }
}

/** Puts the device's clock forward or back, and no timer with it: what a closed lid does, or a wrong clock set right. */
export function moveClock(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
}
