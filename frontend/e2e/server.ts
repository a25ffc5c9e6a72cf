import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const BINARY = resolve(process.env.STAMPEDE_BIN ?? '../target/ci/stampede');
const START_MS_MAX = 20_000;
const LOG_LINES_MAX = 50;

/** One real server with a data directory of its own. */
export class Server {
  readonly adminKey = randomBytes(16).toString('hex');
  readonly #dataDir: string;
  readonly #settings: Record<string, string>;
  #child: ChildProcess | null = null;
  #port = 0;

  private constructor(dataDir: string, settings: Record<string, string>) {
    this.#dataDir = dataDir;
    this.#settings = settings;
  }

  /** Starts a server on a free port; `settings` are environment variables on top of the tests' own. */
  static async start(settings: Record<string, string> = {}): Promise<Server> {
    if (!existsSync(BINARY)) {
      throw new Error(
        `No server at ${BINARY}: build the page (npm run build), then the server (cargo build --profile ci), ` +
          'or name its binary in STAMPEDE_BIN.',
      );
    }
    const server = new Server(await mkdtemp(join(tmpdir(), 'stampede-e2e-')), settings);
    await server.#spawn();
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Ends the process as a power cut would. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Starts the process again, on the same port and data. */
  async restart(): Promise<void> {
    await this.#spawn();
  }

  async stop(): Promise<void> {
    await this.#end('SIGKILL');
    await rm(this.#dataDir, { recursive: true, force: true });
  }

  async #spawn(): Promise<void> {
    const child = spawn(BINARY, ['serve'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        HOST: '127.0.0.1',
        PORT: String(this.#port),
        STAMPEDE_ENGINE: 'embedded',
        STAMPEDE_DATA_DIR: this.#dataDir,
        STAMPEDE_LOG_FORMAT: 'json',
        ADMIN_API_KEY: this.adminKey,
        ...this.#settings,
      },
    });
    this.#child = child;
    this.#port = await listeningPort(child);
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((done) => child.once('exit', done));
    child.kill(signal);
    await ended;
  }
}

/** The port that the log line "listening" tells; the streams stay read afterwards, so that they never fill. */
function listeningPort(child: ChildProcess): Promise<number> {
  return new Promise((found, failed) => {
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
        const port = portIn(line);
        if (port === null) return;
        clearTimeout(timer);
        found(port);
      });
    }
    child.once('error', (error) => fail(`did not start: ${error.message}`));
    child.once('exit', (code) => fail(`ended with ${code}`));
  });
}

interface LogLine {
  message?: string;
  address?: string;
  fields?: { message?: string; address?: string };
}

function portIn(line: string): number | null {
  let log: LogLine;
  try {
    log = JSON.parse(line) as LogLine;
  } catch {
    return null;
  }
  if ((log.fields?.message ?? log.message) !== 'listening') return null;
  const port = /:(\d+)$/.exec(log.fields?.address ?? log.address ?? '')?.[1];
  return port === undefined ? null : Number(port);
}
