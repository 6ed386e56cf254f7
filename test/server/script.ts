import { stream } from '../../src/base/random.ts';
import type { Command, LabEvent, NewEvent } from '../../src/domain/event.ts';
import type { Assignment } from '../../src/scheduling/model.ts';
import { definition, descriptors } from './colour-match.ts';

/**
 * Writes the events of a whole campaign, four samples at a time, with durations drawn from a seed. The events are those
 * that the engine would append; only the hashes are made up.
 */
export interface Script {
  readonly events: readonly LabEvent[];
  /** All commands as they will be carried out: what the plan shows before they have begun. */
  readonly assignments: readonly Assignment[];
}

export interface ScriptOptions {
  readonly experiments?: number;
  readonly seed?: number;
  /** Its dispensing ends as failed, and the experiment with it. */
  readonly fails?: number;
  /** Nobody knows whether its dispensing happened; the script does not resolve it. */
  readonly indeterminate?: number;
  readonly finish?: boolean;
  /** Lab seconds per wall second; 60 when absent. */
  readonly speed?: number;
}

export const origin = Date.UTC(2026, 0, 5, 8);
const microlitre = 1e-9;

interface Timed {
  readonly at: number;
  readonly actor: string;
  readonly event: NewEvent;
}

interface Leg {
  readonly step: string;
  readonly kind: 'process' | 'move';
  readonly device: string;
  readonly capability: string;
  readonly seconds: number;
  readonly from?: string;
  readonly to?: string;
}

const legs: readonly Leg[] = [
  { step: 'dispense', kind: 'move', device: 'arm', capability: 'move', seconds: 15, from: 'rack', to: 'handler' },
  { step: 'dispense', kind: 'process', device: 'handler', capability: 'dispense', seconds: 62 },
  { step: 'read', kind: 'move', device: 'arm', capability: 'move', seconds: 15, from: 'handler', to: 'reader' },
  { step: 'read', kind: 'process', device: 'reader', capability: 'measure_colour', seconds: 40 },
  { step: 'out', kind: 'move', device: 'arm', capability: 'move', seconds: 14, from: 'reader', to: 'rack' },
];

/** When the steps of a sample would run if it were alone. */
function alone(from: number) {
  let end = from;
  return legs.flatMap(({ kind, step, device, seconds }) => {
    const start = end;
    end += seconds * 1000;
    return kind === 'process' ? [{ step, device: device as never, start, end }] : [];
  });
}

export function writeScript(options: ScriptOptions = {}): Script {
  const { experiments = 24, finish = true } = options;
  const writer = new Writer(options);
  writer.run(experiments);
  if (finish) {
    const reason = `${experiments} experiments are done`;
    writer.add(writer.end + 1000, 'controller', { type: 'campaign.finished', data: { outcome: 'completed', reason } });
  }
  return { events: numbered(writer.timed), assignments: writer.assignments };
}

/** Gives the events the order of their times, numbers and hashes. */
export function numbered(timed: readonly Timed[], after = 0): LabEvent[] {
  return [...timed]
    .sort((a, b) => a.at - b.at)
    .map(({ at, actor, event }, i) => {
      const seq = after + i + 1;
      return { ...event, seq, at, version: 1, actor, hash: `hash-${seq}` };
    });
}

export function opening(at = origin, speed = 60): Timed[] {
  const system = (event: NewEvent): Timed => ({ at, actor: 'controller', event });
  const lots = Object.entries(definition.lab.materials).flatMap(([material, { lots }]) =>
    lots.map(({ id, ...lot }) =>
      system({ type: 'lot.registered', data: { material: material as never, lot: id, ...lot } as never }),
    ),
  );
  const devices = Object.entries(descriptors).flatMap(([device, descriptor]) => [
    system({ type: 'device.announced', data: { device: device as never, descriptor } }),
    system({ type: 'device.changed', data: { device: device as never, state: 'ready', boot: 'b1' } }),
  ]);
  return [
    system({
      type: 'controller.started',
      data: { controller: 'main' as never, instance: 'i-1', epoch: 1, software: '0.1.0' },
    }),
    system({
      type: 'campaign.opened',
      data: {
        campaign: 'colour-match' as never,
        definition,
        clock: { origin: at, anchor: at, speed },
      },
    }),
    ...lots,
    ...devices,
  ];
}

interface Sample {
  readonly number: number;
  readonly experiment: never;
  readonly distance: number;
  readonly consumes: Command['consumes'];
  leg: number;
  ready: number;
}

class Writer {
  readonly timed: Timed[];
  readonly assignments: Assignment[] = [];
  readonly #options: ScriptOptions;
  readonly #random;
  readonly #free: Record<string, number> = {};
  end = origin;
  #meter = 120_000;

  constructor(options: ScriptOptions) {
    this.#options = options;
    this.timed = opening(origin, options.speed);
    this.#random = stream(options.seed ?? 1, 'script');
  }

  add(at: number, actor: string, event: NewEvent): void {
    this.timed.push({ at, actor, event });
  }

  /** Four samples at a time; whichever can begin its next leg first does. */
  run(experiments: number): void {
    let suggested = 0;
    const samples: Sample[] = [];
    const enter = (at: number) => {
      if (suggested < experiments) samples.push(this.#suggest(++suggested, at));
    };
    for (let i = 0; i < 4; i++) enter(origin + 2000);
    while (samples.length > 0) {
      const sample = samples.reduce((first, other) => (this.#start(other) < this.#start(first) ? other : first));
      if (this.#advance(sample)) continue;
      samples.splice(samples.indexOf(sample), 1);
      this.end = Math.max(this.end, sample.ready);
      enter(sample.ready + 500);
    }
  }

  #start(sample: Sample): number {
    return Math.max(sample.ready, this.#free[legs[sample.leg]!.device] ?? 0);
  }

  #suggest(number: number, at: number): Sample {
    const experiment = `e${String(number).padStart(4, '0')}` as never;
    const random = this.#random;
    const volume = () => Math.round(random.next() * 200);
    const point = { cyan: volume(), magenta: volume(), yellow: volume() };
    const distance = 2 + 40 * Math.exp(-number / 9) * (0.4 + random.next());
    const predicted = { distance: { mean: distance * (0.8 + 0.4 * random.next()), sd: 12 / Math.sqrt(number) } };
    const suggestion = {
      point,
      reason: number <= 8 ? 'initial design' : 'largest expected improvement',
      ...(number <= 8 ? {} : { predicted }),
    };
    this.add(at, 'controller', { type: 'experiment.suggested', data: { experiment, number, ask: 1, suggestion } });
    const consumes = Object.entries(point).map(([material, value]) => ({
      material: material as never,
      amount: value * microlitre,
    }));
    const reservations = consumes.map((amount) => ({ ...amount, lot: `${String(amount.material)[0]}-1` as never }));
    this.add(at + 100, 'controller', { type: 'experiment.planned', data: { experiment, reservations } });
    this.add(at + 200, 'controller', { type: 'experiment.scheduled', data: { experiment, steps: alone(at + 200) } });
    return { number, experiment, distance, consumes, leg: 0, ready: at + 200 };
  }

  /** False when the sample has had its last leg. */
  #advance(sample: Sample): boolean {
    const { number, experiment } = sample;
    const start = this.#start(sample);
    const leg = legs[sample.leg++]!;
    const end = start + Math.round(leg.seconds * 1000 * (0.9 + 0.25 * this.#random.next()));
    this.#free[leg.device] = end;
    sample.ready = end + 300;
    const dispensing = leg.step === 'dispense' && leg.kind === 'process';
    const command = commandOf(leg, number, experiment, dispensing ? sample.consumes : []);
    const outcome = dispensing ? this.#outcome(number) : 'ok';
    this.#command(command, start, end, outcome);
    this.assignments.push({ ...leg, sample: experiment, resource: leg.device, start, end });
    if (outcome !== 'ok') {
      this.#fail(experiment, command.key, end, outcome);
      return false;
    }
    if (leg.step === 'read' && leg.kind === 'process') this.#complete(experiment, end, sample.distance);
    return sample.leg < legs.length;
  }

  #outcome(number: number): 'ok' | 'failed' | 'indeterminate' {
    if (number === this.#options.fails) return 'failed';
    return number === this.#options.indeterminate ? 'indeterminate' : 'ok';
  }

  #command(command: Command, start: number, end: number, outcome: 'ok' | 'failed' | 'indeterminate'): void {
    const { key, device } = command;
    this.add(start, 'controller', { type: 'command.intended', data: { command } });
    this.add(start + 40, `device/${device}`, { type: 'command.accepted', data: { key, boot: 'b1' } });
    this.add(start + 40, `device/${device}`, { type: 'device.changed', data: { device, state: 'busy', boot: 'b1' } });
    if (device === ('handler' as never)) {
      this.#meter += Math.round(((end - start) / 1000) * 45);
      this.add(end - 1, 'device/handler', {
        type: 'meter.read',
        data: { device, meter: 'main' as never, total: this.#meter, resolution: 3600, boot: 'b1', resetAt: 'r' },
      });
    }
    const error = { code: 'E_TIP', message: 'The tip was not picked up.' };
    this.add(end, `device/${device}`, {
      type: 'command.ended',
      data: {
        key,
        outcome,
        startedAt: start + 20,
        endedAt: end - 5,
        meters: [],
        source: 'device',
        ...(outcome === 'ok' ? { consumed: command.consumes } : {}),
        ...(outcome === 'failed' ? { error, consumed: [] } : {}),
      },
    });
    this.add(end, `device/${device}`, { type: 'device.changed', data: { device, state: 'ready', boot: 'b1' } });
  }

  #complete(experiment: never, at: number, distance: number): void {
    const values = { distance };
    this.add(at, 'controller', {
      type: 'experiment.observed',
      data: { experiment, stage: 'colour', observations: values },
    });
    this.add(at, 'controller', { type: 'experiment.completed', data: { experiment, objectives: values } });
  }

  #fail(experiment: never, key: Command['key'], at: number, outcome: 'failed' | 'indeterminate'): void {
    if (outcome === 'failed')
      return this.add(at, 'controller', {
        type: 'experiment.failed',
        data: { experiment, reason: 'handler could not dispense: The tip was not picked up.', retryable: true },
      });
    const reason = 'handler was restarted while it dispensed and cannot say whether it did.';
    this.add(at, 'controller', { type: 'experiment.became_indeterminate', data: { experiment, key, reason } });
  }
}

function commandOf(leg: Leg, number: number, experiment: never, consumes: Command['consumes']): Command {
  const { step, kind, device, capability, seconds, from, to } = leg;
  const typical = seconds * 1000;
  return {
    key: `k-${number}-${step}-${kind}` as never,
    hash: 'h',
    experiment,
    stage: 'colour',
    step,
    attempt: 1,
    kind,
    device: device as never,
    capability,
    parameters: {},
    consumes,
    expected: { low: typical * 0.9, typical, high: typical * 1.2 },
    ttl: 60_000,
    deadline: typical * 3,
    retry: 'unsafe',
    ...(from === undefined ? {} : { from: from as never }),
    ...(to === undefined ? {} : { to: to as never }),
  };
}
