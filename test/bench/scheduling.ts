import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { check } from '../../src/scheduling/checker.ts';
import { improve } from '../../src/scheduling/improve.ts';
import type { Plan, SchedulingProblem } from '../../src/scheduling/model.ts';
import { plan } from '../../src/scheduling/planner.ts';
import { instancesPresent, judge, problemOf, readInstance } from '../scheduling/instances.ts';
import { readJobs, readKnown, readShop } from '../scheduling/shops.ts';
import { readProtocol, readTables } from '../scheduling/protocols.ts';
import { missingSolver, solveByCpSat } from '../../src/cli/plan/cp-sat/solve.ts';
import { verifyProtocol, verifyShop } from './scheduling/verify.ts';

const help = `node test/bench/scheduling.ts [names...] [--seeds 3] [--seconds 10] [--json FILE]

How good plans get, and how fast. Names are sets (lab, jsp, fjsp, s-lab) or instances (lab-n16, ft10, ...);
without names all run, but lab-n256 only when it is named. All times are processor time of
this process, so that other programs disturb little. A search ends early when it reaches a makespan that is
proven to be optimal. Every result is checked by rules that share no code with the planner: a broken one
ends the bench. Instances come from the folder beside the repository.

Beside it, what CP-SAT reaches alone in as many seconds on the wall: one thread of a process of its own, seed 1. It is the
package or-tools-wasm, which is no dependency: without it the bench says so and goes on.`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '10' },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

/** An instance with what is known of it and how a plan of it is verified; makespans in its own unit. */
interface Instance {
  readonly name: string;
  readonly problem: SchedulingProblem;
  readonly bound: number | undefined;
  readonly best: number | undefined;
  /** The makespan; throws when the plan breaks a rule. */
  readonly verify: (made: Plan) => number;
  readonly unit: number;
}

interface Line {
  readonly name: string;
  readonly bound: number | null;
  readonly best: number | null;
  /** First plan: its makespan, the processor time of the first call (ms), and the median of later calls. */
  readonly first: number;
  readonly firstCallMs: number;
  readonly firstMs: number;
  /** Medians over seeds after so many seconds. */
  readonly after: Readonly<Record<string, number>>;
  readonly worst: number;
  /** Seeds that reached the best known value, and the median seconds they took to their own best. */
  readonly reached: string | null;
  readonly secondsToBest: number;
  readonly longestStepMs: number;
  /** CP-SAT alone: its status, processor seconds, makespan and bound; null when it is not installed. */
  readonly cpSat: CpSat | null;
}

interface CpSat {
  readonly status: string;
  readonly seconds: number | null;
  readonly makespan: number | null;
  readonly bound: number | null;
}

const labBounds: Readonly<Record<number, number>> = { 4: 4790, 8: 6360, 16: 7910, 32: 12_810, 64: 22_740 };

/** Proven optimal; for the others only bounds are known. */
const labOptima = [4, 8];

function labInstance(n: number): Instance {
  const instance = readInstance(n);
  const verify = (made: Plan) => {
    const { makespan, broken } = judge(instance, made);
    if (broken.length > 0 || made.unplanned.length > 0) throw new Error(`lab-n${n}: ${broken.join('; ')}`);
    return makespan;
  };
  const bound = labBounds[n];
  const best = labOptima.includes(n) ? bound : undefined;
  return { name: `lab-n${n}`, problem: problemOf(instance), bound, best, verify, unit: 1000 };
}

function shopInstance(name: string): Instance {
  const jobs = readJobs(name);
  const { problem, best, bound } = readShop(name);
  return { name, problem, bound, best, verify: (made) => verifyShop(jobs, made), unit: 1 };
}

function protocolInstance(name: string): Instance {
  const tables = readTables(name);
  const { problem, best, bound } = readProtocol(name);
  return { name, problem, bound, best, verify: (made) => verifyProtocol(tables, made), unit: 1 };
}

/** The instances of these names; a sentence when one is not known. */
function chosen(names: readonly string[]): Instance[] | string {
  const known = Object.entries(readKnown());
  const of = (kind: string) => known.filter(([, { problem }]) => problem === kind).map(([name]) => name);
  const lab = [4, 8, 16, 32, 64].map((n) => `lab-n${n}`);
  const sets: Readonly<Record<string, readonly string[]>> = {
    lab,
    jsp: of('jsp'),
    fjsp: of('fjsp'),
    's-lab': of('s-lab'),
  };
  const wanted = (names.length === 0 ? Object.keys(sets) : names).flatMap((name) => sets[name] ?? [name]);
  const all = [...Object.values(sets).flat(), 'lab-n256'];
  const stranger = wanted.find((name) => !all.includes(name));
  if (stranger !== undefined) return `There is no instance ${stranger}; there are ${all.join(', ')}.`;
  return wanted.map((name) => {
    if (name.startsWith('lab-n')) return labInstance(Number(name.slice(5)));
    return sets['s-lab']!.includes(name) ? protocolInstance(name) : shopInstance(name);
  });
}

const spent = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

const median = (numbers: readonly number[]): number => {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
};

interface Search {
  readonly after: readonly number[];
  readonly final: number;
  readonly secondsToBest: number;
  readonly longestStep: number;
}

/** One search; its makespan when each of `marks` seconds had passed. */
function search({ problem, best, bound, unit, verify }: Instance, made: Plan, seed: number, marks: number[]): Search {
  const improver = improve(problem, made, seed);
  const after: number[] = [];
  const begun = spent();
  let [at, found, longestStep] = [begun, 0, 0];
  while (after.length < marks.length) {
    const better = improver.step();
    const now = spent();
    longestStep = Math.max(longestStep, now - at);
    at = now;
    if (better) found = now - begun;
    const done = best !== undefined && best === bound && improver.makespan / unit <= best;
    while (after.length < marks.length && (done || now - begun >= marks[after.length]!))
      after.push(improver.makespan / unit);
  }
  return { after, final: verify(improver.plan), secondsToBest: found, longestStep };
}

async function solveAlone({ problem, unit, verify }: Instance, seconds: number): Promise<CpSat | null> {
  if (missingSolver() !== undefined) return null;
  const { status, seconds: took = null, bound, plan: made } = await solveByCpSat(problem, seconds, 1);
  const faults = made === undefined ? [] : check(problem, made);
  if (faults.length > 0) throw new Error(`CP-SAT: ${faults.join(' ')}`);
  return {
    status,
    seconds: took,
    makespan: made ? verify(made) : null,
    bound: bound === undefined ? null : bound / unit,
  };
}

function measure(instance: Instance, seeds: number, seconds: number): Omit<Line, 'cpSat'> {
  const { name, problem, bound, best, verify } = instance;
  const times = Array.from({ length: 10 }, () => {
    const begun = spent();
    const made = plan(problem);
    return { made, ms: 1000 * (spent() - begun) };
  });
  const { made, ms } = times[0]!;
  const marks = [...new Set([1, 2, seconds])].filter((mark) => mark <= seconds).sort((a, b) => a - b);
  const searches = Array.from({ length: seeds }, (_, i) => search(instance, made, i + 1, marks));
  const finals = searches.map(({ final }) => final);
  return {
    ...{ name, bound: bound ?? null, best: best ?? null, first: verify(made), firstCallMs: ms },
    firstMs: median(times.slice(1).map((time) => time.ms)),
    after: Object.fromEntries(marks.map((mark, i) => [mark, median(searches.map(({ after }) => after[i]!))])),
    worst: Math.max(...finals),
    reached: best === undefined ? null : `${finals.filter((final) => final <= best).length} of ${seeds}`,
    secondsToBest: median(searches.map(({ secondsToBest }) => secondsToBest)),
    longestStepMs: 1000 * Math.max(...searches.map(({ longestStep }) => longestStep)),
  };
}

function print(line: Line): void {
  const marks = Object.entries(line.after).map(([mark, value]) => `after ${mark} s ${value}`);
  const known =
    line.best === null ? `bound ${line.bound ?? 'unknown'}` : `best known ${line.best}, reached ${line.reached}`;
  const first = `first ${line.first} in ${line.firstMs.toFixed(1)} ms (first call ${line.firstCallMs.toFixed(0)} ms)`;
  const rest = `worst ${line.worst}; to best ${line.secondsToBest.toFixed(2)} s; longest step ${line.longestStepMs.toFixed(0)} ms`;
  console.log(`${line.name}: ${known}; ${first}; ${marks.join(', ')}; ${rest}${alone(line.cpSat)}`);
}

function alone(found: CpSat | null): string {
  if (found === null) return '';
  const { status, seconds, makespan, bound } = found;
  const what = makespan === null ? status : `${makespan}, bound ${bound}`;
  return `; CP-SAT alone ${what}${seconds === null ? '' : ` in ${seconds.toFixed(1)} processor s`}`;
}

async function run(instances: readonly Instance[]): Promise<void> {
  const machine = `${cpus()[0]?.model.trim() ?? 'unknown'}, ${cpus().length} cores, Node ${process.version}`;
  const [seeds, seconds] = [Number(values.seeds), Number(values.seconds)];
  console.log(`${machine}, seeds 1 to ${seeds}`);
  console.log(missingSolver() ?? 'CP-SAT is installed.');
  const lines: Line[] = [];
  for (const instance of instances) {
    const line = { ...measure(instance, seeds, seconds), cpSat: await solveAlone(instance, seconds) };
    print(line);
    lines.push(line);
  }
  if (values.json !== undefined)
    writeFileSync(values.json, `${JSON.stringify({ machine, seeds, seconds, lines }, null, 2)}\n`);
}

if (values.help) console.log(help);
else if (!instancesPresent) console.log('The instances are not beside the repository: nothing to measure.');
else {
  const instances = chosen(positionals);
  if (typeof instances !== 'string') await run(instances);
  else {
    console.error(instances);
    process.exitCode = 1;
  }
}
