/** How far a read may lie behind our idea of the server's clock before our own clock must have been moved. */
const TOLERANCE_MS = 2000;

/** The server's clock, as the difference from ours. */
export class ServerClock {
  #offsetMs: number | null = null;

  get offsetMs(): number {
    return this.#offsetMs ?? 0;
  }

  nowMs(): number {
    return Date.now() + this.offsetMs;
  }

  /** A stream's `initial`: written for us, a network's way ago. */
  tell(serverTime: string): void {
    this.#offsetMs = Date.parse(serverTime) - Date.now();
  }

  /** A read, which a shared cache may have kept for a second: it corrects forwards, or when far off. */
  suggest(serverTime: string): void {
    const offsetMs = Date.parse(serverTime) - Date.now();
    const known = this.#offsetMs;
    if (known === null || offsetMs > known || known - offsetMs > TOLERANCE_MS) this.#offsetMs = offsetMs;
  }
}
