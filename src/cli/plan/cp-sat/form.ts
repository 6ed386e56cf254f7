import type { Assignment, Plan, SchedulingProblem } from '../../../scheduling/model.ts';

/** A problem as CP-SAT is told it: all that is counted, in units of `unit` ms. */
export interface Form {
  readonly problem: SchedulingProblem;
  readonly unit: number;
  readonly pools: readonly Pool[];
  /** By sample and step. */
  readonly steps: readonly (readonly FormStep[])[];
  /** When there are transporters. */
  readonly transport: { readonly pick: number; readonly count: number } | undefined;
  /** What the last move of a sample takes, by the choice of its last step; undefined where there is none. By sample. */
  readonly outs: readonly (readonly number[] | undefined)[];
  readonly horizon: number;
}

/** Resources that no step tells apart are one capacity; the others are a pool each. */
export interface Pool {
  readonly ids: readonly string[];
  readonly batch: boolean;
  readonly capacity: number;
  /** How many are worked on at once. */
  readonly concurrency: number;
}

export interface FormStep {
  readonly id: string;
  readonly recipe: string | undefined;
  readonly min: number;
  readonly max: number | undefined;
  readonly choices: readonly { readonly pool: number; readonly duration: number }[];
  /** What the move to it takes, by the choice of the step before and its own; undefined where nothing is moved. */
  readonly ways: readonly (readonly number[])[] | undefined;
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
  if (samples.some(({ running, frozen, lastStepEnd }) => running ?? frozen ?? lastStepEnd))
    return 'Samples that have begun are not told to CP-SAT.';
  if (resources.some(({ closed, available }) => closed !== undefined || !available) || transport?.closed !== undefined)
    return 'What is closed or lost is not told to CP-SAT.';
  if (resources.some(({ setup, changes = [] }) => setup !== undefined || changes.length > 0))
    return 'Set-ups are not told to CP-SAT.';
  const unit = unitOf(problem);
  const pools = poolsOf(problem);
  const poolOf = new Map(pools.flatMap(({ ids }, i) => ids.map((id) => [id, i])));
  const way = (from: string, to: string) => (transport?.travel[from]?.[to]?.typical ?? Infinity) / unit;
  const nameOf = (pool: number) => pools[pool]!.ids[0]!;
  const steps: FormStep[][] = [];
  for (const { at, remaining } of samples) {
    const own: FormStep[] = [];
    for (const { id, recipe, lag, alternatives } of remaining) {
      const choices = [...new Map(alternatives.map((a) => [poolOf.get(a.resource)!, a.duration.typical / unit]))].map(
        ([pool, duration]) => ({ pool, duration }),
      );
      const before = own.at(-1)?.choices.map(({ pool }) => nameOf(pool)) ?? (at === undefined ? undefined : [at]);
      const here = choices.map(({ pool }) => nameOf(pool));
      if (transport !== undefined && before?.some((place) => here.includes(place)))
        return 'Steps that follow each other where the sample stands are not told to CP-SAT.';
      const moved = transport !== undefined && before !== undefined;
      const ways = moved ? before.map((from) => here.map((to) => way(from, to))) : undefined;
      own.push({
        id,
        recipe,
        min: lag.min / unit,
        max: lag.max === undefined ? undefined : lag.max / unit,
        choices,
        ways,
      });
    }
    steps.push(own);
  }
  const outs = samples.map(({ out }, i) =>
    out === undefined || transport === undefined
      ? undefined
      : steps[i]!.at(-1)!.choices.map(({ pool }) => way(nameOf(pool), out)),
  );
  if ([...steps.flat().flatMap(({ ways = [] }) => ways), ...outs].flat().includes(Infinity))
    return 'Places that no way leads to are not told to CP-SAT.';
  const carried = transport && { pick: transport.pickMs / unit, count: transport.transporters.length };
  return { problem, unit, pools, steps, outs, transport: carried, horizon: horizonOf(problem, unit, steps, outs) };
}

/** The greatest time of which all others are multiples, ms. */
function unitOf({ now, samples, transport }: SchedulingProblem): number {
  const times = [
    ...samples
      .flatMap(({ remaining }) => remaining)
      .flatMap(({ lag, alternatives }) => [lag.min, lag.max ?? 0, ...alternatives.map((a) => a.duration.typical)]),
    ...samples.flatMap(({ release, links = [] }) => [
      Math.max(0, release - now),
      ...links.flatMap(({ min = 0, max = 0 }) => [min, max]),
    ]),
    ...Object.values(transport?.travel ?? {}).flatMap((to) => Object.values(to).map(({ typical }) => typical)),
    transport?.pickMs ?? 0,
  ];
  return times.reduce(greatestDivisor, 0) || 1;
}

const greatestDivisor = (a: number, b: number): number => (b === 0 ? a : greatestDivisor(Math.abs(b), a % Math.abs(b)));

/** All one after the other. */
function horizonOf(
  { now, samples }: SchedulingProblem,
  unit: number,
  steps: Form['steps'],
  outs: Form['outs'],
): number {
  const spans = steps
    .flat()
    .map(
      ({ choices, min, ways = [] }) => Math.max(...choices.map((c) => c.duration)) + min + Math.max(0, ...ways.flat()),
    );
  const links = samples.flatMap(({ links: own = [] }) => own.map(({ min = 0 }) => Math.max(0, min) / unit));
  const ways = outs.map((out = []) => Math.max(0, ...out));
  const first = Math.max(0, ...samples.map(({ release }) => (release - now) / unit));
  return [...spans, ...links, ...ways].reduce((a, b) => a + b, first);
}

function poolsOf({ resources, samples, transport }: SchedulingProblem): Pool[] {
  const all = samples.flatMap(({ remaining }) => remaining);
  const keyOf = new Map<string, string>();
  for (const { id, kind, capacity } of resources) {
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
    const like = new Set(users[0]?.alternatives.map(({ resource }) => resource));
    const ways = resources
      .filter((other) => !like.has(other.id))
      .map((other) => [transport?.travel[id]?.[other.id]?.typical, transport?.travel[other.id]?.[id]?.typical].join());
    keyOf.set(id, kind === 'rack' ? '' : alike ? [...sets, ...ways].join(';') : id);
  }
  const keys = [...new Set(keyOf.values())].filter((key) => key !== '');
  return keys.map((key) => {
    const members = resources.filter(({ id }) => keyOf.get(id) === key);
    const capacity = members.reduce((sum, member) => sum + member.capacity, 0);
    const concurrency = members.reduce((sum, member) => sum + member.concurrency, 0);
    return { ids: members.map(({ id }) => id), batch: members[0]!.kind === 'batch', capacity, concurrency };
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
      const end = at(start) + problem.transport!.travel[from]![to]!.typical;
      assignments.push({ sample: task.id, step, kind: 'move', resource: '', from, to, start: at(start), end });
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
  const makespan = Math.max(problem.now, ...assignments.map(({ end }) => end));
  return { assignments: carried(assignments, problem), makespan, unplanned: [] };
}

/** Each move by whoever has been free longest. */
function carried(assignments: readonly Assignment[], { transport }: SchedulingProblem): Assignment[] {
  const free = (transport?.transporters ?? []).map((resource) => ({ resource, from: -Infinity }));
  return assignments.map((act) => {
    if (act.kind !== 'move') return act;
    const carrier = free.reduce((first, other) => (other.from < first.from ? other : first));
    carrier.from = act.end;
    return { ...act, resource: carrier.resource };
  });
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
