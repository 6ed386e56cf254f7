import type { Stream } from '../../src/base/random.ts';
import type {
  ClosedStretch,
  DurationBand,
  Objective,
  Rate,
  Resource,
  StepTask,
  Transport,
  Weights,
} from '../../src/scheduling/model.ts';

/** A lab, and the samples that will arrive in it. */
export interface RandomLab {
  readonly resources: readonly Resource[];
  readonly transport?: Transport;
  readonly arrivals: readonly Arrival[];
  readonly aims?: { readonly objective: Objective; readonly rates: readonly Rate[] };
}

export interface Arrival {
  readonly id: string;
  readonly time: number;
  readonly priority: number;
  readonly due?: number;
  readonly at?: string;
  readonly out?: string;
  readonly steps: readonly StepTask[];
}

const band = (random: Stream, from: number, to: number): DurationBand => {
  const typical = 1000 * (from + random.integer(to - from));
  return { low: Math.round(typical * 0.8), typical, high: Math.round(typical * 1.2) };
};

/** Stations that block, batch furnaces, racks, one or two arms (or none), samples with mixed protocols over time. */
export function randomLab(random: Stream): RandomLab {
  const devices = devicesOf(random);
  const moved = random.chance(0.85);
  const store: Resource = { id: 'store', kind: 'rack', capacity: 999, concurrency: 999, available: true };
  const shelf: Resource = { ...store, id: 'shelf', capacity: 1 + random.integer(3) };
  const resources = [...devices.flat(), ...(moved ? [store] : []), ...(moved && random.chance(0.6) ? [shelf] : [])];
  const protocols = Array.from({ length: 1 + random.integer(3) }, () => protocolOf(random, devices, moved));
  const entry = moved && random.chance(0.7) ? { at: 'store' } : {};
  const exit = moved && random.chance(0.7) ? { out: 'store' } : {};
  let time = 0;
  const arrivals = Array.from({ length: 3 + random.integer(8) }, (_, i) => {
    time += random.chance(0.4) ? 0 : random.integer(200_000);
    const steps = random.pick(protocols).map((step) => withRecipe(random, step));
    return { id: `s${i}`, time, priority: random.integer(3), steps, ...entry, ...exit };
  });
  return { resources, ...(moved ? { transport: transportOf(random, resources) } : {}), arrivals };
}

/** A few kinds of devices with one to three of each. */
function devicesOf(random: Stream): Resource[][] {
  return Array.from({ length: 2 + random.integer(4) }, (_, kind) => {
    const batch = random.chance(0.3);
    const capacity = batch ? 2 + random.integer(3) : random.chance(0.7) ? 1 : 2 + random.integer(2);
    const concurrency = batch ? capacity : 1 + random.integer(capacity);
    return Array.from({ length: 1 + random.integer(3) }, (__, i) => ({
      id: `${batch ? 'furnace' : 'station'}-${kind}-${i}`,
      kind: batch ? ('batch' as const) : ('station' as const),
      capacity,
      concurrency,
      available: true,
    }));
  });
}

function transportOf(random: Stream, resources: readonly Resource[]): Transport {
  const travel: Record<string, Record<string, DurationBand>> = {};
  for (const { id: from } of resources)
    travel[from] = Object.fromEntries(
      resources.filter(({ id }) => id !== from).map(({ id }) => [id, band(random, 10, 30)]),
    );
  return { transporters: random.chance(0.8) ? ['arm'] : ['arm', 'cart'], travel, pickMs: 5000 };
}

function protocolOf(random: Stream, devices: readonly Resource[][], moved: boolean): StepTask[] {
  return Array.from({ length: 1 + random.integer(5) }, (_, i) => {
    const duration = band(random, 20, 400);
    const some = random.pick(devices);
    const alternatives = some.slice(0, 1 + random.integer(some.length)).map(({ id }) => ({ resource: id, duration }));
    const min = random.chance(0.2) ? 1000 * random.integer(60) : 0;
    const max = random.chance(0.25) ? { max: min + (moved ? 60_000 : 20_000) + random.integer(200_000) } : {};
    return { id: `step-${i}`, alternatives, lag: { min, ...max } };
  });
}

/** Some of its stations, furnaces and transporters are closed now and then, from the beginning or later, and open at last. */
export function withClosings(lab: RandomLab, random: Stream): RandomLab {
  const closed = () => (random.chance(0.6) ? { closed: closingsOf(random) } : {});
  const resources = lab.resources.map((one) => (one.kind === 'rack' ? one : { ...one, ...closed() }));
  if (lab.transport === undefined || random.chance(0.5)) return { ...lab, resources };
  const { transporters } = lab.transport;
  const hours = transporters.filter(() => random.chance(0.8)).map((id) => [id, closingsOf(random)]);
  return { ...lab, resources, transport: { ...lab.transport, closed: Object.fromEntries(hours) } };
}

/** Plans serve energy, lateness or both, in an order or by weights; energy costs something else every few minutes or hours. */
export function withAims(lab: RandomLab, random: Stream): RandomLab {
  let from = 0;
  const rates = Array.from({ length: 200 }, () => {
    const rate = { from, perJoule: random.integer(4) };
    from += 1000 * (60 + random.integer(random.chance(0.5) ? 600 : 7200));
    return rate;
  });
  const energy: Weights = { energy: 1e-6 };
  const lateness: Weights = { lateness: 1 };
  const last: Weights = { makespan: 1, completion: 1 };
  const objective = random.pick<Objective>([
    [energy, last],
    [lateness, energy, last],
    [energy, lateness, last],
    [{ ...energy, ...lateness, ...last }],
  ]);
  const power = () => (random.chance(0.5) ? { power: 100 * (1 + random.integer(20)) } : {});
  const powers = new Map(lab.resources.map(({ id }) => [id, power()]));
  const draws = (step: StepTask): StepTask => ({
    ...step,
    alternatives: step.alternatives.map((one) => ({ ...one, ...powers.get(one.resource) })),
  });
  const arrivals = lab.arrivals.map((arrival) => ({
    ...arrival,
    ...(random.chance(0.7) ? { due: arrival.time + 1000 * random.integer(7200) } : {}),
    steps: arrival.steps.map(draws),
  }));
  return { ...lab, arrivals, aims: { objective, rates } };
}

/** Some of its devices that can be are set up between recipes, of which there are more then. */
export function withSetups(lab: RandomLab, random: Stream): RandomLab {
  const recipes = ['hot', 'cold', 'wet'];
  const resources = lab.resources.map((one): Resource => {
    const able = one.kind === 'batch' || (one.kind === 'station' && one.concurrency === 1);
    if (!able || random.chance(0.3)) return one;
    const setup = 1000 * (60 + random.integer(240));
    // From half to twice the usual time no change takes longer than two.
    const time = Math.round(setup * (0.5 + 1.5 * random.next()));
    const changes = random.chance(0.5) ? { changes: [{ from: 'hot', to: 'cold', time }] } : {};
    return { ...one, setup, ...changes };
  });
  const arrivals = lab.arrivals.map((arrival) => ({
    ...arrival,
    steps: arrival.steps.map(({ recipe: _, ...step }, i) => {
      const lag = bearable(step, arrival.steps[i - 1]);
      return random.chance(0.2) ? { ...step, lag } : { ...step, lag, recipe: random.pick(recipes) };
    }),
  }));
  return { ...lab, resources, arrivals };
}

/** A step that can follow on the same device has time for any set-up. */
function bearable({ lag, alternatives }: StepTask, before: StepTask | undefined): StepTask['lag'] {
  const again = before?.alternatives.some(({ resource }) => alternatives.some((one) => one.resource === resource));
  return again === true && lag.max !== undefined ? { ...lag, max: lag.max + 600_000 } : lag;
}

/** Open for minutes or an hour, and closed for seconds or hours. */
function closingsOf(random: Stream): ClosedStretch[] {
  let to = 0;
  return Array.from({ length: 1 + random.integer(12) }, (_, i) => {
    const from =
      to + (i === 0 && random.chance(0.5) ? 0 : 1000 * (1 + random.integer(random.chance(0.5) ? 600 : 3600)));
    to = from + 1000 * (1 + random.integer(random.chance(0.5) ? 60 : 7200));
    return { from, to };
  });
}

const withRecipe = (random: Stream, step: StepTask): StepTask => ({
  ...step,
  recipe: random.chance(0.7) ? 'hot' : 'cold',
});
