/** Two names that stand for all recipes that changes do not name: between them, and from or to them, all take equally long. */
export const unnamed = ['any recipe', 'any other recipe'] as const;

interface Change {
  readonly from: string;
  readonly to: string;
}

/** A change between recipes that takes longer than one over a third; undefined when there is none. */
export function detourIn(changes: readonly Change[], timeOf: (from: string, to: string) => number) {
  const named = new Set(changes.flatMap(({ from, to }) => [from, to]));
  const all = named.size === 0 ? [] : [...named, ...unnamed];
  for (const from of all)
    for (const over of all)
      for (const to of all) {
        const [straight, around] = [timeOf(from, to), timeOf(from, over) + timeOf(over, to)];
        if (straight > around) return { from, over, to, straight, around };
      }
  return undefined;
}
