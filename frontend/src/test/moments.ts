import { vi } from 'vitest';
import { status } from './fake-status';
import { streams } from './fake-stream';
import { pass } from './time';

/** How often a stream was asked for. */
export const openings = () => streams.urls.length;

/** How often a status was read. */
export const reads = () => status.reads.length;

/** Draws this number, of 0 to 1, wherever a page jitters. */
export const luckIs = (luck: number) => vi.spyOn(Math, 'random').mockReturnValue(luck);

/** The seconds from now at which `count` grows, until `seconds` are over. */
export async function momentsOf(count: () => number, seconds: number): Promise<number[]> {
  const moments: number[] = [];
  const fromMs = Date.now();
  for (let seen = count(); Date.now() - fromMs < seconds * 1000; ) {
    await pass(250);
    for (; seen < count(); seen++) moments.push((Date.now() - fromMs) / 1000);
  }
  return moments;
}

/** The seconds between moments, and before the first. */
export const gaps = (moments: number[]) => moments.map((moment, index) => moment - (moments[index - 1] ?? 0));
