import type { Assignment, Plan, SchedulingProblem } from '../../../../src/scheduling/model.ts';

/** A problem as CP-SAT is told it: all that is counted, in units of `unit` ms. */
export interface Form {
  readonly problem: SchedulingProblem;
  readonly unit: number;
  readonly pools: readonly Pool[];
  /** By sample and step. */
  readonly steps: readonly (readonly FormStep[])[];
  /** Time of every way and pick-up time, when there are transporters; all ways take equally long. */
  readonly transport: { readonly travel: number; readonly pick: number; readonly count: number } | undefined;
  readonly horizon: number;
}

/** Resources that no step tells apart are one capacity; the others are a pool each. */
export interface Pool {
  readonly ids: readonly string[];
  readonly batch: boolean;
  readonly capacity: number;
}

export interface FormStep {
  readonly id: string;
  readonly recipe: string | undefined;
  readonly min: number;
  readonly max: number | undefined;
  readonly choices: readonly { readonly pool: number; readonly duration: number }[];
}

/** What has been chosen for one step: pool, start of the step, and of the move that brings the sample there. */
export interface Choice {
  readonly pool: number;
  readonly start: number;
  readonly arrive: number;
  /** Of a batch pool. */
  readonly run?: number;
}

/** The problem in this form, or why it does not have it, as a sentence. */
export function formOf(problem: SchedulingProblem): Form | string {
  const { samples, resources, transport } = problem;
  const ways = Object.values(transport?.travel ?? {}).flatMap((to) => Object.values(to).map(({ typical }) => typical));
  if (new Set(ways).size > 1) return 'Ways that take different times are not told to CP-SAT.';
  if (samples.some(({ running, frozen, lastStepEnd }) => running ?? frozen ?? lastStepEnd))
    return 'Samples that have begun are not told to CP-SAT.';
  if (resources.some(({ closed, available }) => closed !== undefined || !available))
    return 'Resources that are closed or lost are not told to CP-SAT.';
  const all = samples.flatMap(({ remaining }) => remaining);
  const times = [
    ...all.flatMap(({ lag, alternatives }) => [lag.min, lag.max ?? 0, ...alternatives.map((a) => a.duration.typical)]),
    ...samples.flatMap(({ release, links = [] }) => [release, ...links.flatMap(({ min = 0, max = 0 }) => [min, max])]),
    ...[ways[0] ?? 0, transport?.pickMs ?? 0],
  ];
  const unit = times.reduce(greatestDivisor, 0) || 1;
  const pools = poolsOf(problem);
  const poolOf = new Map(pools.flatMap(({ ids }, i) => ids.map((id) => [id, i])));
  const steps = samples.map(({ remaining }) =>
    remaining.map(({ id, recipe, lag, alternatives }) => ({
      ...{ id, recipe, min: lag.min / unit, max: lag.max === undefined ? undefined : lag.max / unit },
      choices: [...new Map(alternatives.map((a) => [poolOf.get(a.resource)!, a.duration.typical / unit]))].map(
        ([pool, duration]) => ({ pool, duration }),
      ),
    })),
  );
  const travel = (ways[0] ?? 0) / unit;
  const longest = steps
    .flat()
    .map(({ choices, min }) => Math.max(...choices.map((c) => c.duration)) + min + 2 * travel);
  const links = samples.flatMap(({ links: own = [] }) => own.map(({ min = 0 }) => Math.max(0, min) / unit));
  const carried = transport && { travel, pick: transport.pickMs / unit, count: transport.transporters.length };
  const releases = samples.map(({ release }) => release / unit);
  const horizon = [...longest, ...links].reduce((a, b) => a + b, Math.max(0, ...releases) + samples.length * travel);
  return { problem, unit, pools, steps, transport: carried, horizon };
}

const greatestDivisor = (a: number, b: number): number => (b === 0 ? a : greatestDivisor(Math.abs(b), a % Math.abs(b)));

function poolsOf({ resources, samples }: SchedulingProblem): Pool[] {
  const all = samples.flatMap(({ remaining }) => remaining);
  const keyOf = new Map<string, string>();
  for (const { id, kind, capacity, concurrency } of resources) {
    const users = all.filter(({ alternatives }) => alternatives.some(({ resource }) => resource === id));
    const sets = new Set(
      users.map((step) =>
        step.alternatives
          .map((a) => `${a.resource} ${a.duration.typical}`)
          .sort()
          .join(),
      ),
    );
    const durations = new Set(users.flatMap((step) => step.alternatives.map((a) => a.duration.typical)));
    const alike = kind === 'station' && capacity === 1 && sets.size === 1 && durations.size === 1;
    keyOf.set(id, kind === 'rack' ? '' : alike ? [...sets].join() : `${id} ${concurrency}`);
  }
  const keys = [...new Set(keyOf.values())].filter((key) => key !== '');
  return keys.map((key) => {
    const members = resources.filter(({ id }) => keyOf.get(id) === key);
    const capacity = members.reduce((sum, member) => sum + member.capacity, 0);
    return { ids: members.map(({ id }) => id), batch: members[0]!.kind === 'batch', capacity };
  });
}

/** The plan of what has been chosen; `outs` are the starts of the last moves. */
export function planOf(form: Form, choices: readonly (readonly Choice[])[], outs: readonly number[]): Plan {
  const { problem, unit, transport } = form;
  const at = (t: number) => problem.now + t * unit;
  const resourceOf = assign(form, choices, outs);
  const assignments: Assignment[] = [];
  problem.samples.forEach((task, i) => {
    let from = task.at;
    const move = (step: string, to: string, start: number) => {
      if (transport === undefined || from === undefined || from === to) return;
      const resource = problem.transport!.transporters[0]!;
      const end = at(start + transport.travel);
      assignments.push({ sample: task.id, step, kind: 'move', resource, from, to, start: at(start), end });
    };
    form.steps[i]!.forEach((step, k) => {
      const { pool, start, arrive, run } = choices[i]![k]!;
      const resource = resourceOf.get(`${i} ${k}`)!;
      move(step.id, resource, arrive);
      const { duration } = step.choices.find((choice) => choice.pool === pool)!;
      const times = { start: at(start), end: at(start + duration) };
      const batch = run === undefined ? {} : { batch: `${resource}/${run}` };
      assignments.push({ sample: task.id, step: step.id, kind: 'process', resource, ...times, ...batch });
      from = resource;
    });
    if (task.out !== undefined) move('out', task.out, outs[i]!);
  });
  assignments.sort((a, b) => a.start - b.start || a.end - b.end);
  return { assignments, makespan: Math.max(problem.now, ...assignments.map(({ end }) => end)), unplanned: [] };
}

/** Which resource of its pool does a step: the one that has been free longest when the sample comes. */
function assign({ pools, steps, transport }: Form, choices: readonly (readonly Choice[])[], outs: readonly number[]) {
  const stays = choices.flatMap((own, i) =>
    own.map(({ pool, start, arrive }, k) => {
      const { duration } = steps[i]![k]!.choices.find((choice) => choice.pool === pool)!;
      const leave = own[k + 1]?.arrive ?? outs[i]!;
      const until = transport === undefined ? start + duration : leave + transport.pick;
      return { key: `${i} ${k}`, pool, from: transport === undefined ? start : arrive, until };
    }),
  );
  const resourceOf = new Map<string, string>();
  pools.forEach(({ ids }, pool) => {
    const free = ids.map(() => -Infinity);
    for (const stay of stays.filter((one) => one.pool === pool).sort((a, b) => a.from - b.from)) {
      const least = free.indexOf(Math.min(...free));
      resourceOf.set(stay.key, ids[least]!);
      free[least] = stay.until;
    }
  });
  return resourceOf;
}
