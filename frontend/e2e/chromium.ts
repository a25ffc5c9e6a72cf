/** The browser of these tests. */
export const CHROMIUM = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium-headless-shell';

// Chromium refuses its sandbox to root, which containers run as.
const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];

/** Nothing of its own on the network, and nothing that a machine without a screen lacks. */
export const CHROMIUM_FLAGS = [
  ...sandbox,
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
];
