import {
  createServer,
  request as forward,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Server } from './server.js';

/**
 * Which requests: a text is all of `POST /api/v1/purchases`, whatever its query; an expression is looked for in the
 * whole, `GET /api/v1/purchases?sku=X`.
 */
export type Which = string | RegExp;

/** Ends a fault. */
export type Heal = () => void;

/** A request as it came. */
export interface Seen {
  line: string;
  headers: IncomingHttpHeaders;
  /** By this process's clock. */
  atMs: number;
}

interface Refusal {
  which: Which;
  status: number;
  retryAfterS: number;
}

interface Hold {
  which: Which;
  healed: Promise<void>;
}

const STREAMS: Which = 'GET /api/v1/sales/events';

/** The network between browser and server, as bad as a test wants it. Each fault lasts until it is healed. */
export class Network {
  readonly #listener = createServer((request, response) => this.#serve(request, response));
  readonly #seen: Seen[] = [];
  readonly #refusals = new Set<Refusal>();
  readonly #holds = new Set<Hold>();
  readonly #losses: { which: Which; left: number }[] = [];
  readonly #streams = new Set<ServerResponse>();
  #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async before(server: Server): Promise<Network> {
    const network = new Network(server);
    await new Promise<void>((ready) => network.#listener.listen(0, '127.0.0.1', ready));
    return network;
  }

  /** Where the browser goes instead of the server. */
  get url(): string {
    return `http://127.0.0.1:${(this.#listener.address() as AddressInfo).port}`;
  }

  /** From now on requests go to another server. */
  leadTo(server: Server): void {
    this.#server = server;
  }

  /** The requests that came so far, refused ones included. */
  seen(which: Which): Seen[] {
    return this.#seen.filter(({ line }) => matches(which, line));
  }

  /** Answers in place of the server, as a balancer without one does. */
  refuse(which: Which, { status = 503, retryAfterS = 1 } = {}): Heal {
    const refusal = { which, status, retryAfterS };
    this.#refusals.add(refusal);
    return () => this.#refusals.delete(refusal);
  }

  /** Requests reach the server, and nothing of its answers comes back, not even their heads. */
  hold(which: Which): Heal {
    let release: Heal = () => {};
    const hold = { which, healed: new Promise<void>((healed) => (release = healed)) };
    this.#holds.add(hold);
    return () => {
      this.#holds.delete(hold);
      release();
    };
  }

  /** Event streams stay open, new ones too, and nothing comes: what a half-dead network does. */
  freezeStreams(): Heal {
    return this.hold(STREAMS);
  }

  /** The next requests reach the server, and the connection breaks in place of an answer. */
  loseAnswer(which: Which, times = 1): void {
    this.#losses.push({ which, left: times });
  }

  /** Breaks every open event stream; new ones are as before. */
  cutStreams(): void {
    for (const stream of this.#streams) stream.destroy();
  }

  async close(): Promise<void> {
    const closed = new Promise((done) => this.#listener.close(done));
    this.#listener.closeAllConnections();
    await closed;
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const line = `${request.method} ${request.url}`;
    this.#seen.push({ line, headers: request.headers, atMs: Date.now() });
    // A browser repeats by itself what a connection that it uses again swallowed: no connection is used twice.
    response.setHeader('Connection', 'close');
    const refusal = [...this.#refusals].find(({ which }) => matches(which, line));
    if (refusal) {
      request.resume();
      response.writeHead(refusal.status, { 'Content-Type': 'text/html', 'Retry-After': refusal.retryAfterS });
      response.end('<h1>Service Unavailable</h1>');
      return;
    }
    const onward = forward(new URL(this.#server.url), {
      method: request.method,
      path: request.url,
      headers: { ...request.headers, connection: 'close' },
    });
    request.pipe(onward);
    onward.once('error', () => response.destroy());
    onward.once('response', (answer) => void this.#relay(line, answer, response));
    response.once('close', () => onward.destroy());
  }

  /** Passes an answer on piece by piece, as it comes. */
  async #relay(line: string, answer: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const loss = this.#losses.find(({ which, left }) => left > 0 && matches(which, line));
      if (loss) {
        loss.left--;
        for await (const _ of answer);
        response.destroy();
        return;
      }
      await this.#released(line);
      if (matches(STREAMS, line)) {
        this.#streams.add(response);
        response.once('close', () => this.#streams.delete(response));
      }
      const { connection, 'transfer-encoding': _, ...headers } = answer.headers;
      response.writeHead(answer.statusCode ?? 502, headers).flushHeaders();
      for await (const piece of answer) {
        await this.#released(line);
        response.write(piece);
      }
      response.end();
    } catch {
      // The server broke off, so the browser sees it break off.
      response.destroy();
    }
  }

  async #released(line: string): Promise<void> {
    for (const { which, healed } of this.#holds) if (matches(which, line)) await healed;
  }
}

function matches(which: Which, line: string): boolean {
  return typeof which === 'string' ? line.split('?')[0] === which : which.test(line);
}
