import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { describe, expect, test } from 'vitest';
import { mutations } from './mutations.ts';
import { runSeed } from './run.ts';

/** Seeds that are tried from the named one on. */
const most = 60;

const broken = (number: number, seed: number): { seed: number } | null => {
  const args = [join(import.meta.dirname, 'mutant.ts'), `${number}`, `${seed}`, `${most}`];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8', timeout: 120_000 }).trim()) as never;
};

/** A check that cannot fail does not count. */
describe('without its protection the simulation fails', () => {
  for (const [number, { protection, seed, faults }] of mutations.entries())
    test(protection, { timeout: 150_000 }, () => {
      const found = broken(number, seed);
      expect(found).not.toBeNull();
      expect(runSeed(found!.seed, faults === undefined ? {} : { faults }).violations).toEqual([]);
    });
});
