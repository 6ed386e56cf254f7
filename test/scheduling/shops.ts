import { existsSync, readFileSync } from 'node:fs';
import type { SchedulingProblem, StepTask } from '../../src/scheduling/model.ts';
import { exact, resource, sample } from './small-lab.ts';

const folder = new URL('../../../shared/scheduling-instances/', import.meta.url);

export const instancesPresent = existsSync(folder);

interface Known {
  readonly problem: string;
  readonly file: string;
  readonly lb: number | null;
  readonly ub: number | null;
}

/** Every instance with what is known of it. */
export const readKnown = (): Readonly<Record<string, Known>> =>
  JSON.parse(readFileSync(new URL('best-known.json', folder), 'utf8')) as Record<string, Known>;

/** A file of instances as lines of words. */
export const readRows = (file: string): string[][] =>
  readFileSync(new URL(file, folder), 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/));

/** A table with tabs between its columns, without its first line. */
export const readTable = (file: string): string[][] =>
  readFileSync(new URL(file, folder), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split('\t').map((cell) => cell.trim()));

/** Jobs as rows of operations, each with its alternatives: machine and duration. */
export type Shop = readonly (readonly (readonly (readonly [machine: number, duration: number])[])[])[];

export function readJobs(name: string): Shop {
  const { file, problem } = readKnown()[name]!;
  const [[jobs] = [], ...rows] = readRows(file).map((row) => row.map(Number));
  return rows.slice(0, jobs).map(problem === 'jsp' ? jobRow : flexibleRow);
}

const jobRow = (row: readonly number[]) =>
  row.flatMap((machine, i) => (i % 2 === 0 ? [[[machine, row[i + 1]!] as const]] : []));

function flexibleRow([count, ...row]: readonly number[]) {
  let at = 0;
  return Array.from({ length: count! }, () => {
    const alternatives = row[at++]!;
    return Array.from({ length: alternatives }, () => [row[at++]!, row[at++]!] as const);
  });
}

/** A job shop or flexible job shop as a laboratory without transport; one time unit is 1 ms. */
export function readShop(name: string): { problem: SchedulingProblem; best: number; bound: number } {
  const jobs = readJobs(name);
  const machines = new Set(jobs.flat(2).map(([machine]) => machine));
  const stepOf = (alternatives: Shop[number][number], i: number): StepTask => ({
    id: `operation-${i}`,
    alternatives: alternatives.map(([machine, duration]) => ({ resource: `m${machine}`, duration: exact(duration) })),
    lag: { min: 0 },
  });
  const resources = [...machines].sort((a, b) => a - b).map((machine) => resource(`m${machine}`, 'station'));
  const samples = jobs.map((job, j) => sample(`job-${j}`, job.map(stepOf)));
  const { ub, lb } = readKnown()[name]!;
  return { problem: { now: 0, resources, samples }, best: ub!, bound: lb! };
}
