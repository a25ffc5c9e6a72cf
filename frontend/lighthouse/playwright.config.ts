import { defineConfig } from '@playwright/test';

/** A measurement and no test: `cargo xtask lighthouse` runs it. */
export default defineConfig({
  testDir: '.',
  outputDir: '../test-results',
  workers: 1,
  timeout: 600_000,
  reporter: 'list',
});
