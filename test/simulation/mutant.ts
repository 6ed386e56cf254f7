import { registerHooks } from 'node:module';
import { join } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { mutations } from './mutations.ts';

/**
 * node test/simulation/mutant.ts NUMBER SEED COUNT: runs seeds on a program that lacks one protection, until a rule is
 * broken. Prints one line of JSON: the seed and the rule, or null.
 */
const [number, from, count] = process.argv.slice(2).map(Number) as [number, number, number];
const { file, line, instead, faults } = mutations[number]!;
const target = pathToFileURL(join(import.meta.dirname, '../..', file)).href;

registerHooks({
  load(url, context, next) {
    const loaded = next(url, context);
    if (url !== target) return loaded;
    const source = String(loaded.source);
    if (source.split(line).length !== 2)
      throw new Error(`${file} does not hold the line once that is to be exchanged.`);
    return { ...loaded, source: source.replace(line, () => instead) };
  },
});

const { runSeed } = (await import('./run.ts')) as typeof import('./run.ts');
let found: unknown = null;
for (let seed = from; seed < from + count && found === null; seed++) {
  const [first] = runSeed(seed, faults === undefined ? {} : { faults }).violations;
  if (first !== undefined) found = { seed, ...first };
}
process.stdout.write(`${JSON.stringify(found)}\n`);
