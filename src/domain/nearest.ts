/** "Did you mean ...?" for a name that is not known, or the list of names that are. */
export function nearest(name: string, known: readonly string[]): string {
  if (known.length === 0) return 'Nothing can stand here.';
  const [best] = known
    .map((word) => ({ word, distance: editDistance(name, word) }))
    .sort((a, b) => a.distance - b.distance || (a.word < b.word ? -1 : 1));
  if (best!.distance <= Math.max(1, Math.floor(name.length / 3))) return `Did you mean "${best!.word}"?`;
  return `Known here: ${known.slice(0, 12).join(', ')}${known.length > 12 ? ', ...' : ''}.`;
}

/** Edits that turn one word into another (Levenshtein 1966). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length]!;
}
