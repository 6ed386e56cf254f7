/**
 * How well a rehearsal foretells a campaign, and how long it takes:
 * `npm run bench -- rehearsal [names...] [--seed N] [--speed S] [--json FILE]`.
 *
 * The same campaign with the same seed twice: rehearsed on the virtual clock, and run by `labwright run` in processes of its
 * own, against simulators in scaled real time over MQTT with a durable ledger. Compared is the makespan in lab time. What the
 * machine takes for messages, commits and the optimizer costs `speed` times as much lab time in the second run, where it would
 * vanish in a real lab. The optimizer's share of it is told, and the campaign rehearsed once more with an optimizer that takes
 * as long as it took in the run: decisions made later see more results.
 *
 * `long` rehearses three days with 200 films, a furnace of eight places and typical faults, and tells the time that it takes.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parseDocument, type Document } from 'yaml';
import { Ledger } from '../../src/ledger/ledger.ts';
import { definitionOf } from '../engine/whole-lab.ts';
import { virtualLab } from '../../src/cli/labs.ts';
import { load } from '../../src/cli/load.ts';
import { figuresOf } from '../../src/cli/rehearse/figures.ts';
import { rehearseOnce, withFaults } from '../../src/cli/rehearse/rehearsal.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '1' },
    speed: { type: 'string' },
    json: { type: 'string' },
  },
});
const seed = Number(values.seed);
const root = join(import.meta.dirname, '../..');

/** A campaign without a goal, so that both runs carry out all its experiments. */
function endless(campaign: Document, experiments: number): void {
  campaign.setIn(['budget'], { experiments });
  const objectives = campaign.toJS().objectives as unknown[];
  objectives.forEach((_, i) => campaign.deleteIn(['objectives', i, 'stop_at']));
}

interface Scenario {
  readonly protocol: string;
  readonly speed: number;
  readonly change: (campaign: Document) => void;
}

const scenarios: Readonly<Record<string, Scenario>> = {
  'colour-match': { protocol: 'colour-match', speed: 60, change: (campaign) => endless(campaign, 24) },
  'film-anneal': { protocol: 'film-anneal', speed: 360, change: (campaign) => endless(campaign, 24) },
  'film-anneal at start': {
    ...{ protocol: 'film-anneal', speed: 360 },
    change: (campaign) => {
      endless(campaign, 24);
      campaign.setIn(['stages', 'decide'], 'at_start');
    },
  },
};

interface Comparison {
  readonly scenario: string;
  readonly experiments: { readonly rehearsed: number; readonly run: number };
  readonly rehearsedHours: number;
  readonly runHours: number;
  /** How much longer the rehearsal is than the run, as a share of the run. */
  readonly difference: number;
  /** Mean time of the optimizer's answers in the run, lab s. */
  readonly answerSeconds: number;
  /** The rehearsal whose optimizer takes as long. */
  readonly delayedHours: number;
  readonly delayedDifference: number;
  readonly rehearsalCpuSeconds: number;
  readonly speed: number;
  readonly load: number;
}

/** The three files with a change, in a folder of their own. */
function filesOf({ protocol, change }: Scenario, folder: string): string {
  for (const name of ['lab.yaml', 'protocol.yaml', 'campaign.yaml']) {
    const document = parseDocument(readFileSync(join(root, 'protocols', protocol, name), 'utf8'));
    if (name === 'campaign.yaml') change(document);
    writeFileSync(join(folder, name), document.toString());
  }
  return join(folder, 'campaign.yaml');
}

function rehearsed(file: string, answerMs = 0) {
  const { definition } = load(file).loaded;
  const before = process.cpuUsage();
  const seeded = { ...definition, campaign: { ...definition.campaign, seed } };
  const { ledger, ...outcome } = rehearseOnce(seeded, virtualLab, { answerMs });
  const { user, system } = process.cpuUsage(before);
  const { report } = figuresOf(ledger, outcome);
  ledger.close();
  return { report, cpuSeconds: (user + system) / 1e6 };
}

interface Ran {
  readonly makespanMs: number;
  readonly experiments: Readonly<Record<string, number>>;
  readonly answerMs: number;
}

/** By the command line, as a person would. */
function run(file: string, folder: string, speed: number): Ran {
  const options = [
    '--dir',
    join(folder, 'run'),
    '--no-page',
    '--json',
    '--seed',
    String(seed),
    '--speed',
    String(speed),
  ];
  const child = spawnSync(process.execPath, [join(root, 'src/cli.ts'), 'run', file, ...options], {
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const last = child.stdout.trimEnd().split('\n').at(-1);
  if (child.status !== 0 || last === undefined) throw new Error(`the run ended with code ${child.status}: ${last}`);
  const report = JSON.parse(last) as Omit<Ran, 'answerMs'>;
  return { ...report, answerMs: answerMsOf(join(folder, 'run', 'ledger.sqlite')) };
}

/** Mean lab time from a question to the optimizer until its answer. */
function answerMsOf(path: string): number {
  const ledger = Ledger.open(path);
  const times: number[] = [];
  let asked = 0;
  for (const { type, at } of ledger.events()) {
    if (type === 'suggestions.requested') asked = at;
    if (type === 'suggestions.received') times.push(at - asked);
  }
  ledger.close();
  return times.reduce((sum, ms) => sum + ms / times.length, 0);
}

function compare(name: string, scenario: Scenario): Comparison {
  const folder = mkdtempSync(join(tmpdir(), 'labwright-rehearsal-'));
  try {
    const file = filesOf(scenario, folder);
    const { report, cpuSeconds } = rehearsed(file);
    const speed = Number(values.speed ?? scenario.speed);
    const ran = run(file, folder, speed);
    const delayed = rehearsed(file, Math.round(ran.answerMs)).report;
    return {
      scenario: name,
      experiments: { rehearsed: report.experiments['completed'] ?? 0, run: ran.experiments['completed'] ?? 0 },
      rehearsedHours: report.makespanMs / 3_600_000,
      runHours: ran.makespanMs / 3_600_000,
      difference: report.makespanMs / ran.makespanMs - 1,
      answerSeconds: ran.answerMs / 1000,
      delayedHours: delayed.makespanMs / 3_600_000,
      delayedDifference: delayed.makespanMs / ran.makespanMs - 1,
      rehearsalCpuSeconds: cpuSeconds,
      ...{ speed, load: loadavg()[0]! },
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A campaign that lasts three days, whose lab has stock and places for all of it. */
function long() {
  const definition = definitionOf('film-anneal', ({ campaign, lab }) => {
    Object.assign(campaign, { seed, budget: { ...campaign.budget, experiments: 200 } });
    Object.assign(campaign.batch, { size: 16 });
    delete campaign.budget.energy;
    for (const objective of campaign.objectives) delete objective.stop_at;
    Object.assign(lab.devices['furnace' as never] as object, { places: 8, concurrency: 8 });
    Object.assign(lab.racks, { magazine: { places: 400 }, shelf: { places: 48 } });
    for (const { lots } of Object.values(lab.materials)) for (const lot of lots) lot.amount *= 10;
  });
  const before = process.cpuUsage();
  const begun = performance.now();
  const { ledger, ...outcome } = rehearseOnce(withFaults(definition, 'typical'), virtualLab);
  const { user, system } = process.cpuUsage(before);
  const { report } = figuresOf(ledger, outcome);
  ledger.close();
  return {
    experiments: report.experiments,
    hours: report.makespanMs / 3_600_000,
    ...{ seconds: (performance.now() - begun) / 1000, cpuSeconds: (user + system) / 1e6, load: loadavg()[0]! },
  };
}

const machine = `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores, Node ${process.version}`;
console.log(`${machine}, seed ${seed}`);
const comparisons: Comparison[] = [];
for (const [name, scenario] of Object.entries(scenarios)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  const comparison = compare(name, scenario);
  comparisons.push(comparison);
  const { experiments, rehearsedHours, runHours, difference, rehearsalCpuSeconds, speed, load } = comparison;
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  console.log(
    `${name}: rehearsed ${rehearsedHours.toFixed(2)} h (${experiments.rehearsed} experiments, ${rehearsalCpuSeconds.toFixed(1)} CPU s), ` +
      `run ${runHours.toFixed(2)} h (${experiments.run}) at ${speed} times the speed, load ${load.toFixed(1)}: ` +
      `${percent(difference)} | target within 5 %`,
  );
  console.log(
    `  The optimizer took ${comparison.answerSeconds.toFixed(1)} s of lab time for an answer; rehearsed with that ` +
      `${comparison.delayedHours.toFixed(2)} h: ${percent(comparison.delayedDifference)}`,
  );
}
const lasting = positionals.length === 0 || positionals.includes('long') ? long() : undefined;
if (lasting !== undefined) {
  const counts = Object.entries(lasting.experiments).map(([status, count]) => `${count} ${status}`);
  console.log(
    `long: ${lasting.hours.toFixed(1)} h of the lab, ${counts.join(', ')}: ${lasting.seconds.toFixed(1)} s, ` +
      `${lasting.cpuSeconds.toFixed(1)} s of the processor, load ${lasting.load.toFixed(1)} | target < 60 s`,
  );
}
if (values.json !== undefined)
  writeFileSync(values.json, `${JSON.stringify({ machine, seed, comparisons, long: lasting }, null, 2)}\n`);
