import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { CHROMIUM, CHROMIUM_FLAGS } from './chromium.js';

const PROGRAM = resolve('lighthouse/node_modules/lighthouse/cli/index.js');
const REPORT_BYTES_MAX = 64 * 1024 * 1024;

export type Category = 'accessibility' | 'best-practices' | 'performance';

/** Lighthouse's own settings: a slow phone on a slow network, or a desktop. */
export type Screen = 'mobile' | 'desktop';

interface AuditResult {
  title: string;
  score: number | null;
  numericValue?: number;
  details?: { items?: unknown[] };
}

/** The part of a report that is read here. */
export interface Report {
  categories: Record<string, { score: number | null; auditRefs: { id: string; weight: number }[] }>;
  audits: Record<string, AuditResult>;
  /** Why the rest may not be true, such as a page that never came to rest. */
  runWarnings: string[];
  /** How fast Lighthouse found this machine at that moment. */
  environment: { benchmarkIndex: number };
}

/** Runs Lighthouse on a page, in a Chromium of its own. */
export async function audit(url: string, screen: Screen, categories: Category[]): Promise<Report> {
  if (!existsSync(PROGRAM)) throw new Error(`No Lighthouse at ${PROGRAM}: run \`npm ci\` in lighthouse/.`);
  const flags = [
    `--chrome-flags=--headless=new ${CHROMIUM_FLAGS.join(' ')}`,
    `--only-categories=${categories.join(',')}`,
    '--output=json',
    '--quiet',
    '--no-enable-error-reporting',
    ...(screen === 'desktop' ? ['--preset=desktop'] : []),
    // Only a score of speed is about a slow device: otherwise none is imagined, nor is a slow machine warned about.
    ...(categories.includes('performance') ? [] : ['--throttling.cpuSlowdownMultiplier=1']),
  ];
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, url, ...flags], {
    env: { ...process.env, CHROME_PATH: CHROMIUM },
    maxBuffer: REPORT_BYTES_MAX,
  });
  return JSON.parse(stdout) as Report;
}

/** Every audit that takes something from the score of a category, with the places it names. */
export function faultsIn({ categories, audits }: Report, category: Category): string[] {
  const counting = categories[category]?.auditRefs.filter(({ weight }) => weight > 0) ?? [];
  return counting.flatMap(({ id }) => {
    const result = audits[id];
    if (!result || result.score === null || result.score === 1) return [];
    return [`${id}: ${result.title} ${JSON.stringify(result.details?.items ?? [])}`];
  });
}
