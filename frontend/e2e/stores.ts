import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

const PROGRAM = resolve(process.env.STAMPEDE_TEST_STORES ?? '../target/debug/examples/stores');

/** Environment variables of a server. */
export type Settings = Record<string, string>;

/** Redis and Postgres, started by the testkit's program `stores`; they end with the worker, in whatever way. */
export class Stores {
  readonly #program: ChildProcessByStdio<Writable, Readable, null>;
  readonly #ended: Promise<void>;
  readonly #answers: AsyncIterator<string>;
  #last: Promise<unknown> = Promise.resolve();

  constructor() {
    if (!existsSync(PROGRAM)) {
      throw new Error(
        `No program at ${PROGRAM}: build it by \`cargo build --workspace --example stores\`, ` +
          'or name it in STAMPEDE_TEST_STORES.',
      );
    }
    this.#program = spawn(PROGRAM, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#ended = new Promise((done) => this.#program.once('exit', () => done()));
    this.#answers = createInterface({ input: this.#program.stdout })[Symbol.asyncIterator]();
  }

  /** What a server needs to be alone on the shared stores, or `own`, over a Redis that a test may pause. */
  fresh(own: boolean): Promise<Settings> {
    return this.#order(own ? 'fresh own' : 'fresh');
  }

  /** That Redis keeps its connections and answers nothing until it is resumed. */
  async pause(redisUrl: string): Promise<void> {
    await this.#order(`pause ${redisUrl}`);
  }

  async resume(redisUrl: string): Promise<void> {
    await this.#order(`resume ${redisUrl}`);
  }

  async stop(): Promise<void> {
    this.#program.stdin.end();
    await this.#ended;
  }

  /** Orders are answered in their order, one at a time. */
  #order(order: string): Promise<Settings> {
    const answer = this.#last.then(async () => {
      this.#program.stdin.write(`${order}\n`);
      const { value, done } = await this.#answers.next();
      if (done)
        throw new Error(`The program of the stores ended at the order "${order}"; see its words above.`);
      return JSON.parse(value) as Settings;
    });
    this.#last = answer.catch(() => {});
    return answer;
  }
}
