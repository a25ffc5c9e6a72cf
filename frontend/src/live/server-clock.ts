/**
 * How far a word of the server may lie behind our idea of its clock before our own must have been moved: a cache
 * keeps it for a second, and tells its date cut down to the second.
 */
const TOLERANCE_MS = 5000;

/** The server's clock, as the difference from ours. */
export class ServerClock {
  #offsetMs: number | null = null;

  get offsetMs(): number {
    return this.#offsetMs ?? 0;
  }

  nowMs(): number {
    return Date.now() + this.offsetMs;
  }

  /**
   * Takes in what the server's clock showed when it wrote.
   *
   * The way here, or a shared cache, can only make it late: the least late word is the best one, unless it is
   * so far ahead that this device's clock has moved.
   */
  hear(serverTime: string): void {
    const offsetMs = Date.parse(serverTime) - Date.now();
    const known = this.#offsetMs;
    if (known === null || offsetMs > known || known - offsetMs > TOLERANCE_MS) this.#offsetMs = offsetMs;
  }
}
