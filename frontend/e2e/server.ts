import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Settings, Stores } from './stores.js';

const BINARY = resolve(process.env.STAMPEDE_BIN ?? '../target/ci/stampede');
const START_MS_MAX = 60_000;
const LOG_LINES_MAX = 50;

/** How a test's own server differs from the one that tests share. */
export interface ServerSpec {
  /** On top of the tests' own. */
  settings?: Settings;
  /** On the engine redis: over a Redis of its own, for `pauseRedis`. */
  ownRedis?: boolean;
}

/** One real server with stores of its own, which outlive its kills. */
export class Server {
  readonly adminKey = randomBytes(16).toString('hex');
  readonly #folder: string;
  readonly #port: number;
  readonly #settings: Settings;
  readonly #stores: Stores | null;
  #child: ChildProcess | null = null;

  private constructor(folder: string, port: number, settings: Settings, stores: Stores | null) {
    this.#folder = folder;
    this.#port = port;
    this.#settings = settings;
    this.#stores = stores;
  }

  /** Starts a server on the engine redis over `stores`, or on the engine embedded without. */
  static async start(
    stores: Stores | null,
    { settings = {}, ownRedis = false }: ServerSpec = {},
  ): Promise<Server> {
    if (!existsSync(BINARY)) {
      throw new Error(
        `No server at ${BINARY}: build the page (npm run build), then the server (cargo build --profile ci ` +
          '-p stampede-server), or name its binary in STAMPEDE_BIN.',
      );
    }
    if (ownRedis && !stores)
      throw new Error('A Redis of its own is for the engine redis: tag the test @redis.');
    const folder = await mkdtemp(join(tmpdir(), 'stampede-e2e-'));
    const engine: Settings = stores
      ? { STAMPEDE_ENGINE: 'redis', ...(await stores.fresh(ownRedis)) }
      : { STAMPEDE_ENGINE: 'embedded', STAMPEDE_DATA_DIR: folder };
    const server = new Server(folder, await freePort(), { ...engine, ...settings }, stores);
    await server.restart();
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Ends the process as a power cut would. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((done) => child.once('exit', done));
    child.kill('SIGKILL');
    await ended;
  }

  /** Starts the process again, on the same port and data. */
  async restart(): Promise<void> {
    this.#child = spawn(BINARY, ['serve'], {
      cwd: this.#folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        HOST: '127.0.0.1',
        PORT: String(this.#port),
        STAMPEDE_LOG_FORMAT: 'json',
        ADMIN_API_KEY: this.adminKey,
        // A machine that stands still for a second makes no page ask twice.
        STAMPEDE_STATUS_AGE_MAX_MS: '30000',
        ...this.#settings,
      },
    });
    await listening(this.#child);
  }

  async stop(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** From now on the server's own Redis answers nothing, so that the server refuses by itself. */
  async pauseRedis(): Promise<void> {
    await this.#stores?.pause(this.#settings.REDIS_URL ?? '');
  }

  async resumeRedis(): Promise<void> {
    await this.#stores?.resume(this.#settings.REDIS_URL ?? '');
  }
}

/**
 * A free loopback port below those that the kernel hands to outgoing connections: a killed server finds its port
 * free again, and nobody who tries to reach it meanwhile is handed that very port and meets themselves.
 */
async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(15_000, 32_000);
    const probe = createServer();
    const isFree = await new Promise((tell) => {
      probe.once('error', () => tell(false));
      probe.listen(port, '127.0.0.1', () => probe.close(() => tell(true)));
    });
    if (isFree) return port;
  }
}

/** Waits for the log line "listening"; the streams stay read afterwards, so that they never fill. */
function listening(child: ChildProcess): Promise<void> {
  return new Promise((heard, failed) => {
    const lines: string[] = [];
    const fail = (why: string) => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      failed(new Error(`The server ${why}. It said:\n${lines.join('\n')}`));
    };
    const timer = setTimeout(() => fail(`was not listening within ${START_MS_MAX} ms`), START_MS_MAX);
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) continue;
      createInterface({ input: stream }).on('line', (line) => {
        if (lines.length < LOG_LINES_MAX) lines.push(line);
        if (messageOf(line) !== 'listening') return;
        clearTimeout(timer);
        heard();
      });
    }
    child.once('error', (error) => fail(`did not start: ${error.message}`));
    child.once('exit', (code) => fail(`ended with ${code}`));
  });
}

function messageOf(line: string): string | undefined {
  try {
    const log = JSON.parse(line) as { message?: string; fields?: { message?: string } };
    return log.fields?.message ?? log.message;
  } catch {
    return undefined;
  }
}
