import { defineConfig, devices } from '@playwright/test';
import { CHROMIUM, CHROMIUM_FLAGS } from './e2e/chromium.js';
import type { Engine } from './e2e/fixtures.js';

const desktop = devices['Desktop Chrome'];
const phone = devices['Pixel 7'];

export default defineConfig<object, { engine: Engine }>({
  testDir: './e2e',
  outputDir: './test-results',
  forbidOnly: Boolean(process.env.CI),
  retries: 0,
  // Each has a server and stores of its own; a test waits more than it works.
  workers: 3,
  // Machines that build and test at once are slow; what is right is right on them too.
  timeout: 90_000,
  expect: { timeout: 15_000 },
  reporter: [['list'], ['html', { open: 'never' }]],
  use: {
    trace: { mode: 'retain-on-failure', screenshots: false },
    screenshot: 'only-on-failure',
    launchOptions: { executablePath: CHROMIUM, args: CHROMIUM_FLAGS },
  },
  // A test runs in every project, unless a tag says that its outcome cannot depend on that: @redis needs that engine,
  // @embedded looks the same on each engine, or asks nothing of it that tests without a tag do not ask of each, @once
  // looks the same on each screen too.
  projects: [
    { name: 'desktop-embedded', use: { ...desktop, engine: 'embedded' }, grepInvert: /@redis/ },
    { name: 'phone-embedded', use: { ...phone, engine: 'embedded' }, grepInvert: /@redis|@once/ },
    { name: 'desktop-redis', use: { ...desktop, engine: 'redis' }, grepInvert: /@embedded|@once/ },
    { name: 'phone-redis', use: { ...phone, engine: 'redis' }, grepInvert: /@embedded|@once/ },
  ],
});
