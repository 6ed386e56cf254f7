import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { stream } from '../../src/base/random.ts';
import { runLoop, type LoopResult } from '../scheduling/loop.ts';
import { randomLab, withAims, withClosings, withSetups, type RandomLab } from '../scheduling/random-lab.ts';
import { quantile } from './shared/figures.ts';

const help = `node test/bench/search.ts [kinds...] [--campaigns 200] [--from 1] [--json FILE]

What the search beside a campaign brings. Random labs whose durations vary within +-20 % are carried out twice on the same
draws, by plan, check and dispatch at every event: without search, and with one beside it whenever samples have come, which
ends up to a second later. Kinds: plain, setups, closings, aims (plans are to serve something of their own), or several
with a plus between them (setups+closings); each with samples that arrive one by one, and all at the beginning.`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    campaigns: { type: 'string', default: '200' },
    from: { type: 'string', default: '1' },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

const calm = { outages: 0, wild: 0, amnesia: 0, freezes: 0 };
/** A search ends after up to so long, ms. */
const searches = 1000;

const changes: Readonly<Record<string, (lab: RandomLab, seed: number) => RandomLab>> = {
  plain: (lab) => lab,
  setups: (lab, seed) => withSetups(lab, stream(seed, 'setups')),
  closings: (lab, seed) => withClosings(lab, stream(seed, 'closings')),
  aims: (lab, seed) => withAims(lab, stream(seed, 'aims')),
};

const together = (lab: RandomLab): RandomLab => ({
  ...lab,
  arrivals: lab.arrivals.map((arrival) => ({ ...arrival, time: 0 })),
});

const spent = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

interface Line {
  readonly kind: string;
  readonly arrive: 'one by one' | 'together';
  readonly campaigns: number;
  readonly samples: number;
  /** With search over without: makespans of true durations. */
  readonly mean: number;
  readonly p5: number;
  readonly p50: number;
  readonly p95: number;
  readonly most: number;
  readonly taken: number;
  /** Maximum waits missed without and with search. */
  readonly missed: readonly [number, number];
  /** Processor s without and with search. */
  readonly seconds: readonly [number, number];
}

function measure(kind: string, arrive: Line['arrive']): Line {
  const [campaigns, from] = [Number(values.campaigns), Number(values.from)];
  const pairs: (readonly [LoopResult, LoopResult])[] = [];
  const seconds: [number, number] = [0, 0];
  for (let seed = from; seed < from + campaigns; seed++) {
    const drawn = kind.split('+').reduce((lab, name) => changes[name]!(lab, seed), randomLab(stream(seed, 'lab')));
    const lab = arrive === 'together' ? together(drawn) : drawn;
    const begun = spent();
    const plain = runLoop(seed, calm, lab);
    const between = spent();
    pairs.push([plain, runLoop(seed, { ...calm, searches }, lab)]);
    seconds[0] += between - begun;
    seconds[1] += spent() - between;
  }
  const ratios = pairs.map(([plain, searched]) => searched.makespan / plain.makespan);
  const sum = (of: (pair: (typeof pairs)[number]) => number) => pairs.reduce((total, pair) => total + of(pair), 0);
  return {
    ...{ kind, arrive, campaigns, seconds },
    samples: sum(([{ samples }]) => samples),
    mean: ratios.reduce((a, b) => a + b, 0) / ratios.length,
    p5: quantile(ratios, 0.05),
    p50: quantile(ratios, 0.5),
    p95: quantile(ratios, 0.95),
    most: Math.max(...ratios),
    taken: sum(([, { taken }]) => taken),
    missed: [sum(([{ missed }]) => missed), sum(([, { missed }]) => missed)],
  };
}

function print({ kind, arrive, campaigns, samples, mean, p5, p50, p95, most, taken, missed, seconds }: Line): void {
  const ratios = `mean ${mean.toFixed(3)}, p5 ${p5.toFixed(3)}, p50 ${p50.toFixed(3)}, p95 ${p95.toFixed(3)}, most ${most.toFixed(3)}`;
  console.log(
    `${kind}, ${arrive}: ${campaigns} campaigns, ${samples} samples; makespan with search over without: ${ratios}; ` +
      `plans taken ${taken}; waits missed ${missed.join(' and ')}; processor s ${seconds.map((s) => s.toFixed(1)).join(' and ')}`,
  );
}

function run(kinds: readonly string[]): void {
  const machine = `${cpus()[0]?.model.trim() ?? 'unknown'}, ${cpus().length} cores, Node ${process.version}`;
  console.log(`${machine}, seeds from ${values.from}`);
  const lines: Line[] = [];
  for (const kind of kinds)
    for (const arrive of ['one by one', 'together'] as const) {
      lines.push(measure(kind, arrive));
      print(lines.at(-1)!);
    }
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ machine, lines }, null, 2)}\n`);
}

const kinds = positionals.length === 0 ? ['plain', 'setups', 'closings', 'aims'] : positionals;
const stranger = kinds.flatMap((kind) => kind.split('+')).find((name) => changes[name] === undefined);
if (values.help) console.log(help);
else if (stranger === undefined) run(kinds);
else {
  console.error(`There is no kind ${stranger}; there are ${Object.keys(changes).join(', ')}.`);
  process.exitCode = 1;
}
