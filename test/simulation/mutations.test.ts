import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { describe, expect, test } from 'vitest';
import { mutations } from './mutations.ts';
import { runSeed } from './run.ts';

const mutant = (number: number, seed: number): unknown => {
  const args = [join(import.meta.dirname, 'mutant.ts'), `${number}`, `${seed}`, '1'];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8', timeout: 120_000 }).trim());
};

/** A check that cannot fail does not count. */
describe('without its protection the simulation fails', () => {
  for (const [number, { protection, seed }] of mutations.entries())
    test(`${protection} (seed ${seed})`, () => {
      expect(runSeed(seed).violations).toEqual([]);
      expect(mutant(number, seed)).toMatchObject({ seed });
    });
});
