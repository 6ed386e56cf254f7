/**
 * The items by a number of theirs, equal ones in the order given. Where the numbers are whole, and fit with their places
 * into one, they are sorted as such, which is several times as fast as asking a function for every comparison.
 */
export function sortedBy<T>(items: readonly T[], keyOf: (item: T) => number): T[] {
  const count = items.length;
  const keys = new Float64Array(count);
  let [least, most, whole] = [Infinity, -Infinity, true];
  for (let i = 0; i < count; i++) {
    const key = keyOf(items[i]!);
    keys[i] = key;
    whole &&= Number.isInteger(key);
    if (key < least) least = key;
    if (key > most) most = key;
  }
  if (!whole || !((most - least + 1) * count < Number.MAX_SAFE_INTEGER))
    return items.toSorted((a, b) => keyOf(a) - keyOf(b));
  for (let i = 0; i < count; i++) keys[i] = (keys[i]! - least) * count + i;
  keys.sort();
  const sorted: T[] = [];
  for (let i = 0; i < count; i++) {
    // The remainder: an operator for it is slow where the numbers are large. Rounding may put it off by one whole count.
    const rest = keys[i]! - Math.floor(keys[i]! / count) * count;
    sorted.push(items[rest < 0 ? rest + count : rest >= count ? rest - count : rest]!);
  }
  return sorted;
}
