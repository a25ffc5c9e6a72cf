/** Node's own, which the types of a page leave out. */
declare function setImmediate(run: () => void): unknown;

const TURNS_MAX = 20_000;
/** A request, its answer and what follows from it take one or two. */
const TURNS = 6;

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Waits until `holds`, without any time passing: by turns of the event loop. */
export async function until(holds: () => boolean): Promise<void> {
  for (let turns = 0; !holds(); turns++) {
    if (turns === TURNS_MAX) throw new Error(`This never came true: ${holds}`);
    await turn();
  }
}

/** Lets everything happen that needs no time: requests under way are answered, and answers read. */
export async function settle(): Promise<void> {
  for (let turns = 0; turns < TURNS; turns++) await turn();
}
