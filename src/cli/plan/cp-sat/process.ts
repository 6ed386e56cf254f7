import type { SchedulingProblem } from '../../../scheduling/model.ts';
import { formOf, planOf, type Choice, type Form, type FormStep } from './form.ts';
import type { Answer } from './solve.ts';

/** CP-SAT in a process of its own: a problem comes in, and one answer goes out. */

/** What is used of the package, which may be absent. */
interface Expression {
  plus(other: Expression | number): Expression;
  minus(other: Expression | number): Expression;
  times(factor: number): Expression;
}
interface Constraint {
  onlyEnforceIf(...literals: Expression[]): void;
}
type Interval = { readonly interval: true };
interface CpModel {
  newIntVar(least: number, most: number, name?: string): Expression;
  newBoolVar(name?: string): Expression;
  newFixedSizeIntervalVar(start: Expression, size: number): Interval;
  newOptionalFixedSizeIntervalVar(start: Expression, size: number, present: Expression): Interval;
  newIntervalVar(start: Expression, size: Expression, end: Expression): Interval;
  newOptionalIntervalVar(start: Expression, size: Expression, end: Expression, present: Expression): Interval;
  addLinearConstraint(expression: Expression, least: number, most: number): Constraint;
  addCumulative(intervals: Interval[], demands: number[], capacity: number): void;
  addNoOverlap(intervals: Interval[]): void;
  addExactlyOne(literals: Expression[]): void;
  minimize(objective: Expression): void;
}
interface CpSolver {
  solve(model: CpModel, parameters: object): Promise<number>;
  statusName(status: number): string;
  value(of: Expression): number;
  bestObjectiveBound(): number;
}

const packageName = 'or-tools-wasm/cp-sat';
const far = 2 ** 40;

interface StepVariables {
  /** What the move to it takes; undefined where there is none. */
  readonly way: Expression | undefined;
  readonly start: Expression;
  readonly end: Expression;
  readonly arrive: Expression;
  /** When its place is free again. */
  readonly leave: Expression;
  /** By choice; undefined when there is no other. */
  readonly chosen: readonly Chosen[];
  /** Run by choice: literals. */
  readonly runs: readonly (readonly Expression[])[];
}

class Builder {
  readonly #model: CpModel;
  readonly #form: Form;
  readonly steps: StepVariables[][] = [];
  /** By sample: when it leaves its last place, and what the move takes. */
  readonly outs: { readonly leave: Expression; readonly way: Expression | undefined }[] = [];
  readonly makespan: Expression;

  constructor(model: CpModel, form: Form) {
    this.#model = model;
    this.#form = form;
    this.makespan = this.#time();
    form.problem.samples.forEach((_, i) => this.#sample(i));
    form.pools.forEach((_, pool) => this.#share(pool));
    this.#carry();
    model.minimize(this.makespan);
  }

  #time = (): Expression => this.#model.newIntVar(0, this.#form.horizon);

  /** from + least <= to <= from + most. */
  #between(from: Expression, to: Expression, least: number, most = far): Constraint {
    return this.#model.addLinearConstraint(to.minus(from), least, most);
  }

  #sample(i: number): void {
    const { steps, outs, problem, transport, unit } = this.#form;
    const { release, links } = problem.samples[i]!;
    const own: StepVariables[] = [];
    for (const step of steps[i]!) own.push(this.#step(step, own.at(-1)?.chosen ?? [undefined]));
    this.steps.push(own);
    const zero = this.#model.newIntVar(0, 0);
    own.forEach((step, k) => {
      const [{ min, max }, before] = [steps[i]![k]!, own[k - 1]];
      const ready = Math.max(0, (release - problem.now) / unit);
      if (k === 0 || links !== undefined) this.#between(zero, step.arrive, ready);
      if (step.way === undefined) this.#between(step.arrive, step.start, 0, 0);
      else this.#between(step.arrive.plus(step.way), step.start, 0);
      if (before !== undefined && links === undefined) {
        this.#between(before.end, step.start, min, max);
        this.#between(before.end, step.arrive, 0);
        if (transport !== undefined) this.#between(step.arrive, before.leave, 0, 0);
      }
      // Where nothing is moved a place is free when the step is done, wherever the sample waits.
      if (transport === undefined) this.#between(step.end, step.leave, 0, 0);
      this.#between(step.end, this.makespan, 0);
    });
    this.#link(i, own);
    const last = own.at(-1)!;
    const way = this.#way(
      last.chosen,
      [undefined],
      outs[i]?.map((ms) => [ms]),
    );
    this.outs.push({ leave: last.leave, way });
    this.#between(last.end, last.leave, 0);
    if (way !== undefined) this.#between(last.leave.plus(way), this.makespan, 0);
  }

  /** What a move takes from where one choice leads to where the other does; the only choice of a step is undefined. */
  #way(from: readonly Chosen[], to: readonly Chosen[], ways: FormStep['ways']): Expression | undefined {
    if (ways === undefined) return undefined;
    const all = ways.flat();
    const way = this.#model.newIntVar(Math.min(...all), Math.max(...all));
    ways.forEach((row, f) =>
      row.forEach((ms, t) => {
        const literals = [from[f], to[t]].filter((one) => one !== undefined);
        const takes = this.#model.addLinearConstraint(way, ms, ms);
        if (literals.length > 0) takes.onlyEnforceIf(...literals);
      }),
    );
    return way;
  }

  #step({ choices, ways }: FormStep, before: readonly Chosen[]): StepVariables {
    const model = this.#model;
    const durations = choices.map(({ duration }) => duration);
    const [start, end, arrive, leave] = [this.#time(), this.#time(), this.#time(), this.#time()];
    const chosen = durations.map(() => (durations.length === 1 ? undefined : model.newBoolVar()));
    if (chosen[0] !== undefined) model.addExactlyOne(chosen as Expression[]);
    durations.forEach((duration, c) => {
      const takes = this.#between(start, end, duration, duration);
      if (chosen[c] !== undefined) takes.onlyEnforceIf(chosen[c]);
    });
    const way = this.#way(before, chosen, ways);
    return { way, start, end, arrive, leave, chosen, runs: durations.map(() => []) };
  }

  #link(i: number, own: readonly StepVariables[]): void {
    const { problem, unit } = this.#form;
    const { links = [], remaining } = problem.samples[i]!;
    const timeOf = ({ step, point }: (typeof links)[number]['from']) =>
      own[remaining.findIndex(({ id }) => id === step)]![point];
    for (const { from, to, min, max } of links)
      this.#between(
        timeOf(from),
        timeOf(to),
        min === undefined ? -far : min / unit,
        max === undefined ? far : max / unit,
      );
  }

  /** Who may use a pool at the same time, and in a batch pool who runs together. */
  #share(pool: number): void {
    const { pools, steps, transport } = this.#form;
    const users = steps.flatMap((own, i) =>
      own.flatMap((step, k) =>
        step.choices.flatMap((choice, c) =>
          choice.pool === pool ? [{ step, variables: this.steps[i]![k]!, c, duration: choice.duration }] : [],
        ),
      ),
    );
    const intervals = users.map(({ variables: { arrive, leave, start, chosen }, c, duration }) => {
      if (transport === undefined) return this.#interval(start, duration, chosen[c]);
      const [size, end] = [this.#time(), leave.plus(transport.pick)];
      return chosen[c] === undefined
        ? this.#model.newIntervalVar(arrive, size, end)
        : this.#model.newOptionalIntervalVar(arrive, size, end, chosen[c]);
    });
    const { capacity, concurrency, batch } = pools[pool]!;
    if (!batch && transport !== undefined && concurrency < capacity) {
      const works = users.map(({ variables: { start, chosen }, c, duration }) =>
        this.#interval(start, duration, chosen[c]),
      );
      this.#model.addCumulative(
        works,
        works.map(() => 1),
        concurrency,
      );
    }
    const room = batch || transport !== undefined ? capacity : concurrency;
    // One of no length may lie within another.
    const lasting = (transport?.pick ?? 0) > 0 || users.every(({ duration }) => duration > 0);
    if (room === 1 && lasting) this.#model.addNoOverlap(intervals);
    else
      this.#model.addCumulative(
        intervals,
        intervals.map(() => 1),
        room,
      );
    if (batch) this.#runs(users, capacity);
  }

  #interval(start: Expression, duration: number, chosen: Chosen): Interval {
    return chosen === undefined
      ? this.#model.newFixedSizeIntervalVar(start, duration)
      : this.#model.newOptionalFixedSizeIntervalVar(start, duration, chosen);
  }

  /** Runs follow each other; a user belongs to one, comes after the run before and leaves before the next. */
  #runs(users: readonly User[], capacity: number): void {
    const model = this.#model;
    const pick = this.#form.transport?.pick ?? 0;
    const runs = users.map(() => ({ start: this.#time(), end: this.#time() }));
    const inRun = users.map(() => runs.map(() => model.newBoolVar()));
    runs.forEach((run, r) => {
      this.#between(run.start, run.end, 0);
      if (r > 0) this.#between(runs[r - 1]!.end, run.start, 0);
      const members = inRun.map((own) => own[r]!).reduce((sum, literal) => sum.plus(literal));
      model.addLinearConstraint(members, 0, capacity);
    });
    users.forEach(({ variables, c, step }, u) => {
      const own = inRun[u]!;
      (variables.runs[c] as Expression[]).push(...own);
      const sum = own.reduce((total, literal) => total.plus(literal));
      const present = variables.chosen[c];
      if (present === undefined) model.addLinearConstraint(sum, 1, 1);
      else model.addLinearConstraint(sum.minus(present), 0, 0);
      runs.forEach((run, r) => {
        const when = own[r]!;
        this.#between(run.start, variables.start, 0, 0).onlyEnforceIf(when);
        this.#between(run.end, variables.end, 0, 0).onlyEnforceIf(when);
        if (r > 0) this.#between(runs[r - 1]!.end, variables.arrive, 0).onlyEnforceIf(when);
        if (r + 1 < runs.length) this.#between(variables.leave, runs[r + 1]!.start, pick).onlyEnforceIf(when);
      });
      users.slice(0, u).forEach((other, v) => {
        if (other.step.recipe === step.recipe) return;
        runs.forEach((_, r) => model.addLinearConstraint(inRun[v]![r]!.plus(own[r]!), 0, 1));
      });
    });
  }

  #carry(): void {
    const { transport } = this.#form;
    if (transport === undefined) return;
    const errands = this.steps.flatMap((own, i) => [
      ...own.map(({ arrive, way }) => ({ from: arrive, way })),
      { from: this.outs[i]!.leave, way: this.outs[i]!.way },
    ]);
    const moves = errands.flatMap(({ from, way }) => {
      if (way === undefined) return [];
      // The end of an interval must not be a sum of variables.
      const landed = this.#time();
      return [this.#model.newIntervalVar(from, way, landed)];
    });
    this.#model.addCumulative(
      moves,
      moves.map(() => 1),
      transport.count,
    );
  }
}

/** Undefined: there is no other choice. */
type Chosen = Expression | undefined;

interface User {
  readonly step: { readonly recipe: string | undefined };
  readonly variables: StepVariables;
  readonly c: number;
}

function choiceOf(solver: CpSolver, form: Form, variables: StepVariables, i: number, k: number): Choice {
  const c = variables.chosen.findIndex((literal) => literal === undefined || solver.value(literal) === 1);
  const { pool } = form.steps[i]![k]!.choices[c]!;
  const run = variables.runs[c]!.findIndex((literal) => solver.value(literal) === 1);
  const times = { start: solver.value(variables.start), arrive: solver.value(variables.arrive) };
  return { pool, ...times, ...(run < 0 ? {} : { run }) };
}

async function solve(problem: SchedulingProblem, seconds: number, seed: number): Promise<Answer> {
  const form = formOf(problem);
  if (typeof form === 'string') return { status: form };
  const { CpModel, CpSolver } = (await import(packageName)) as {
    CpModel: new () => CpModel;
    CpSolver: new () => CpSolver;
  };
  const model = new CpModel();
  const built = new Builder(model, form);
  const solver = new CpSolver();
  const begun = process.cpuUsage();
  const state = await solver.solve(model, { numWorkers: 1, randomSeed: seed, maxTimeInSeconds: seconds });
  const status = solver.statusName(state);
  const { user, system } = process.cpuUsage(begun);
  const took = (user + system) / 1e6;
  const bound = problem.now + solver.bestObjectiveBound() * form.unit;
  if (status !== 'OPTIMAL' && status !== 'FEASIBLE') return { status, seconds: took };
  const choices = built.steps.map((own, i) => own.map((step, k) => choiceOf(solver, form, step, i, k)));
  const plan = planOf(
    form,
    choices,
    built.outs.map(({ leave }) => solver.value(leave)),
  );
  return { status, seconds: took, bound, plan };
}

process.once('message', ({ problem, seconds, seed }: { problem: SchedulingProblem; seconds: number; seed: number }) => {
  void solve(problem, seconds, seed)
    .catch((error: unknown): Answer => ({ status: String(error) }))
    .then((answer) => process.send!(answer));
});
