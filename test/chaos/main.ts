import { existsSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { table } from '../../src/cli/text.ts';
import { chaos, type ChaosResult } from './chaos.ts';
import { mosquittoPath } from './fleet.ts';

/** npm run chaos -- --kills 500 --broker mosquitto: kills real processes at random and compares the books. */
const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '60' },
    broker: { type: 'string', default: existsSync(mosquittoPath) ? 'mosquitto' : 'embedded' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    experiments: { type: 'string', default: '24' },
    speed: { type: 'string', default: '60' },
    json: { type: 'string' },
  },
});

const text = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ') || 'none';

function show(result: ChaosResult): string {
  const { kills, campaigns, experiments, commands, starts, indeterminate, resolved, violations, seconds } = result;
  const sum = Object.values(kills).reduce((a, b) => a + b, 0);
  const count = (pattern: RegExp) => String(violations.filter((line) => pattern.test(line)).length);
  return table([
    ['', `${result.broker}, seed ${result.seed}`],
    ['kills', `${sum} (${text(kills)})`],
    ['process starts', String(starts)],
    ['campaigns', String(campaigns)],
    ['experiments', text(experiments)],
    ['commands', String(commands)],
    ['indeterminate', `${indeterminate} (decided by a person: ${text(resolved)})`],
    ['acted twice', count(/twice/)],
    ['lost results', count(/^lost result/)],
    ['false ok', count(/^false ok/)],
    ['books differ', count(/^(booked|stock|energy|replay)/)],
    ['violations in all', String(violations.length)],
    ['time', `${Math.round(seconds)} s, ${Math.round((60 * sum) / seconds)} kills per minute`],
  ]);
}

const { broker } = values;
if (broker !== 'mosquitto' && broker !== 'embedded') throw new Error('--broker is mosquitto or embedded');
const [kills, seed, experiments, speed] = [values.kills, values.seed, values.experiments, values.speed].map(Number);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
process.stdout.write(`seed ${seed}\n`);
const say = (sentence: string) => void process.stderr.write(`${sentence}\n`);
const result = await chaos({ kills: kills!, broker, seed: seed!, experiments: experiments!, speed: speed!, say });
process.stdout.write(`${show(result)}\n${result.violations.map((line) => `VIOLATION ${line}\n`).join('')}`);
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(result)}\n`);
process.exitCode = result.violations.length === 0 ? 0 : 1;
