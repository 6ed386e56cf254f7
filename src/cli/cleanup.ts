/** Runs `work`; whatever comes of it, what it put aside with `later` is done then, the last first. */
export async function cleaningUp<T>(work: (later: (action: () => unknown) => void) => Promise<T>): Promise<T> {
  const actions: (() => unknown)[] = [];
  try {
    return await work((action) => void actions.push(action));
  } finally {
    for (const action of actions.reverse()) await action();
  }
}
