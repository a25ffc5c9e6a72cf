import '@testing-library/jest-dom/vitest';
import { cleanup, configure } from '@testing-library/react';
import { afterAll, afterEach, beforeAll, beforeEach, vi } from 'vitest';
import { recentSales } from '../live/recent-sales';
import { language } from '../texts/language';
import { status } from './fake-status';
import { streams } from './fake-stream';
import { server } from './server';
import { serverClock } from './wire-answers';

// Tests hold the clock and wait for nothing: only a busy machine makes one slow.
vi.setConfig({ testTimeout: 60_000 });
configure({ asyncUtilTimeout: 20_000 });

beforeAll(() => server.listen({ onUnhandledRequest: 'error' }));

beforeEach(() => {
  // Real time, and yet what a test leaves waiting (a back-off) ends with it and does not go off in a later one.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'], shouldAdvanceTime: true, advanceTimeDelta: 2 });
  serverClock.aheadMs = 0;
  streams.reset();
  status.reset();
  server.use(streams.handler, ...status.handlers);
});

afterEach(() => {
  cleanup();
  server.resetHandlers();
  localStorage.clear();
  recentSales.forget();
  language.set('en');
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

afterAll(() => server.close());
