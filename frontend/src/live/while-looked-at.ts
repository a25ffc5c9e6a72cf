/** A page that nobody looks at lets its connection go: browsers allow six to a host. */
const UNSEEN_MS = 60_000;

/**
 * Calls `wake` at once and whenever somebody looks again, `rest` once nobody looked for a minute; the returned
 * function ends it, with a last `rest`.
 */
export function whileLookedAt(wake: () => void, rest: () => void): () => void {
  let awake = true;
  let unseen: ReturnType<typeof setTimeout> | undefined;
  const turned = () => {
    clearTimeout(unseen);
    if (document.visibilityState === 'hidden') {
      unseen = setTimeout(() => {
        awake = false;
        rest();
      }, UNSEEN_MS);
    } else if (!awake) {
      awake = true;
      wake();
    }
  };
  document.addEventListener('visibilitychange', turned);
  wake();
  turned();
  return () => {
    document.removeEventListener('visibilitychange', turned);
    clearTimeout(unseen);
    rest();
  };
}
