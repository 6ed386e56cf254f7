import { ok, type Result } from '../base/failure.ts';
import type { CoreState } from '../control/core.ts';
import type { ExperimentContext } from '../control/experiment.ts';
import { startsLeft } from '../control/campaign-effects.ts';
import type { Definition } from '../domain/campaign.ts';
import type { EventData } from '../domain/event.ts';
import { ExperimentId } from '../domain/ids.ts';
import { capabilityOf } from '../domain/descriptor.ts';
import { namesIn } from '../domain/expression.ts';
import type { Lab, LabDevice } from '../domain/lab.ts';
import type { Step } from '../domain/protocol.ts';
import { holdRack, lastStageOf, legAt, legsOf, type Leg } from '../domain/stages.ts';
import type { StageCost } from '../ledger/ledger.ts';
import { decide } from '../optimizer/stages/decide.ts';
import type {
  Decision,
  DecideOptions,
  PendingStage,
  StagedAnswer,
  StagedProblem,
  StagedRow,
} from '../optimizer/stages/staged.ts';
import type { Problem } from '../optimizer/problem.ts';
import { earlierRows } from './earlier.ts';
import { finishedLegs, outputsOf, pick } from './legs.ts';
import type { Progress } from './observations.ts';

/** Campaigns whose stages are decided one after the other, in the words of the staged optimizer. */
export interface StagedQuestion {
  readonly problem: StagedProblem;
  readonly rows: readonly StagedRow[];
  readonly pending: readonly PendingStage[];
  readonly options: DecideOptions;
}

type Received = Omit<EventData<'suggestions.received'>, 'ask'>;

/**
 * What to ask: every experiment with the legs that it has finished, those that run as pending, and what a leg costs by the
 * ledger. `problem` is the campaign's without stages.
 */
export function stagedQuestion(
  definition: Definition,
  problem: Problem,
  state: CoreState,
  partials: ReadonlyMap<string, Progress>,
  costs: readonly StageCost[],
  count: number,
): StagedQuestion {
  const legs = legsOf(definition);
  // New samples begin alone; those that were held may go on together.
  const shared = legs.map((leg, k) => (k === 0 ? undefined : sharedStep(definition, state, leg)));
  const rows: StagedRow[] = [];
  const pending: PendingStage[] = [];
  for (const [sample, partial] of partials) {
    const open = state.experiments.get(sample);
    const running = open?.value === 'planned' || open?.value === 'suggested' || open?.value === 'running';
    const stages = finishedLegs(legs, partial, definition);
    if (Object.keys(stages).length > 0) rows.push({ sample, stages, ...(running ? {} : { closed: true }) });
    if (open === undefined || !running || open.context.held === true) continue;
    const leg = legAt(legs, open.context.stage);
    if (stages[leg.id] !== undefined) continue;
    const joinable = isOpen(shared[legs.indexOf(leg)], open.context);
    pending.push({
      ...{ sample, stage: leg.id, parameters: pick(partial.point, leg.parameters) },
      ...(joinable ? { open: true } : {}),
    });
  }
  rows.push(...earlierRows(definition, problem, legs));
  const { seed, batch } = definition.campaign;
  const places = shelfPlaces(definition, legs);
  const free = (places ?? Infinity) - placesNeeded(state, legs);
  return {
    problem: stagedProblem(definition, problem, legs, shared, costs),
    rows,
    pending,
    options: {
      seed,
      count,
      starts: Math.max(0, Math.min(startsLeft(state.campaign.context), free)),
      ...(batch.initial === undefined ? {} : { initial: batch.initial }),
      ...(places === undefined ? {} : { places }),
    },
  };
}

/**
 * Places that samples take or will need between their stages, those in doubt included. A sample that was begun without one
 * would wait for it in everybody's way, and nothing would be decided while it waits.
 */
function placesNeeded({ experiments }: CoreState, legs: readonly Leg[]): number {
  const last = legs.at(-1)!;
  const needs = ({ value, context }: { value: unknown; context: ExperimentContext }) =>
    unfinished.has(String(value)) && (context.held === true || legAt(legs, context.stage) !== last);
  return [...experiments.values()].filter(needs).length;
}

const unfinished = new Set(['suggested', 'planned', 'running', 'indeterminate']);

/** Whether the sample has still to begin the step that others may share. */
function isOpen(shared: SharedStep | undefined, { stage, step, command }: ExperimentContext): boolean {
  if (shared === undefined || command?.step === shared.id) return false;
  return stage < shared.stage || (stage === shared.stage && step <= shared.step);
}

function stagedProblem(
  definition: Definition,
  problem: Problem,
  legs: readonly Leg[],
  shared: readonly (SharedStep | undefined)[],
  costs: readonly StageCost[],
): StagedProblem {
  const base = baseCosts(definition, legs, costs);
  return {
    stages: legs.map((leg, k) => {
      const own = new Set(leg.parameters);
      return {
        id: leg.id,
        space: {
          parameters: problem.parameters.filter(({ name }) => own.has(name)),
          constraints: problem.constraints.filter(({ terms }) => Object.keys(terms).every((name) => own.has(name))),
        },
        outputs: outputsOf(leg, definition).map((name) => ({ name })),
        after: k === 0 ? [] : [legs[k - 1]!.id],
        cost: { base: base[k]! },
        ...(shared[k] === undefined ? {} : { shared: shared[k].shared }),
      };
    }),
    objectives: problem.objectives.map((objective, m) => {
      const aim = definition.campaign.objectives[m]!.stop_at;
      return aim === undefined ? objective : { ...objective, aim };
    }),
  };
}

/**
 * The first step of a leg that a batch device does for several samples at once, if what they must have in common is chosen
 * for that leg.
 */
function sharedStep({ lab, campaign }: Definition, state: CoreState, leg: Leg): SharedStep | undefined {
  for (const [i, { steps }] of leg.stages.entries())
    for (const [j, step] of steps.entries()) {
      const capacity = Math.max(0, ...batchDevicesFor(step, lab, state).map(({ places }) => places));
      if (capacity < 2) continue;
      const { id, recipe } = step;
      const common = Object.keys(campaign.space).filter((name) => recipe !== undefined && namesIn(recipe).has(name));
      if (!common.every((name) => leg.parameters.includes(name))) return undefined;
      return { stage: leg.first + i, step: j, id, shared: { capacity, parameters: common } };
    }
  return undefined;
}

interface SharedStep {
  /** Indices in the protocol. */
  readonly stage: number;
  readonly step: number;
  readonly id: string;
  readonly shared: NonNullable<StagedProblem['stages'][number]['shared']>;
}

const batchDevicesFor = ({ on, capability }: Step, lab: Lab, { devices }: CoreState): LabDevice[] =>
  Object.entries(lab.devices).flatMap(([id, device]) => {
    const descriptor = devices.get(id)?.context.descriptor;
    const able = descriptor !== undefined && capabilityOf(descriptor, capability) !== undefined;
    return device.batch && able && (on === undefined || on.some((name) => name === id)) ? [device] : [];
  });

/** Mean cost of each leg; of a leg that has not been run, the mean of the others. */
function baseCosts({ campaign }: Definition, legs: readonly Leg[], costs: readonly StageCost[]): number[] {
  const kind = campaign.stages?.cost ?? 'time';
  const byStage = new Map(costs.map((cost) => [cost.stage, cost[kind]]));
  const known = legs.map(({ stages }) => {
    const each = stages.map(({ id }) => byStage.get(id));
    const sum = each.reduce<number>((total, cost) => total + (cost ?? 0), 0);
    return each.includes(undefined) || sum <= 0 ? undefined : sum;
  });
  const some = known.filter((cost) => cost !== undefined);
  const usual = some.length === 0 ? 1 : some.reduce((sum, cost) => sum + cost, 0) / some.length;
  return known.map((cost) => cost ?? usual);
}

/** Places for held samples; undefined where they have no rack of their own, or none at all. */
function shelfPlaces({ lab, protocol }: Definition, legs: readonly Leg[]): number | undefined {
  const [first] = Object.keys(lab.racks);
  const racks = legs.slice(0, -1).map((leg) => holdRack(lab, protocol.stages[lastStageOf(leg)]!.hold));
  const places = racks.flatMap((rack) => (rack === undefined || rack === first ? [] : [lab.racks[rack]!.places]));
  return places.length === 0 ? undefined : Math.min(...places);
}

/** What the staged optimizer answers, as it is recorded. */
export function answerStaged(question: StagedQuestion): Result<Received> {
  const answer = decide(question.problem, question.rows, question.pending, question.options);
  return answer.ok ? ok(recordOf(question, answer.value)) : answer;
}

function recordOf({ problem, rows }: StagedQuestion, { decisions, model }: StagedAnswer): Received {
  const drops = decisions.filter(({ kind }) => kind === 'drop');
  const links = model.links.map(({ hyperparameters: _, fittedAt: __, sources: ___, evidence, ...link }) => ({
    ...link,
    evidence: { ...evidence },
  }));
  const trust = trustOf(rows, model);
  return {
    suggestions: decisions.filter(({ kind }) => kind !== 'drop').map((decision) => suggestionOf(problem, decision)),
    ...(drops.length === 0
      ? {}
      : {
          drops: drops.map(({ sample, reason, ...decision }) => ({
            ...{ experiment: ExperimentId.parse(sample), reason },
            ...promiseOf(problem, decision),
          })),
        }),
    ...(links.length === 0
      ? {}
      : { model: { outcomes: [], links, ...(trust.length === 0 ? {} : { sources: trust }) } }),
  };
}

/** Whether each source is learned from, by output. */
function trustOf(rows: readonly StagedRow[], { links }: StagedAnswer['model']) {
  const sources = [...new Set(rows.flatMap(({ source }) => source ?? []))];
  return sources.flatMap((name) =>
    links.map(({ output: outcome, stage, sources: trusted = [] }) => ({
      ...{ name, outcome, trust: trusted.includes(name) ? 1 : 0, cap: 1, ignored: 0 },
      observations: rows.filter((row) => row.source === name && row.stages[stage] !== undefined).length,
    })),
  );
}

function suggestionOf(problem: StagedProblem, decision: Decision): Received['suggestions'][number] {
  const { kind, sample, stage, parameters, cost, reason } = decision;
  return {
    point: { ...parameters },
    reason,
    stage,
    cost,
    ...(kind === 'resume' ? { resumes: ExperimentId.parse(sample) } : {}),
    ...promiseOf(problem, decision),
  };
}

/** What is predicted, and the gain per cost. Several objectives are joined to one number, which has no name of its own. */
function promiseOf({ objectives }: StagedProblem, { predicted, value }: Pick<Decision, 'predicted' | 'value'>) {
  const name = objectives.length === 1 ? objectives[0]!.name : 'compromise';
  return {
    ...(predicted === undefined ? {} : { predicted: { [name]: { mean: predicted.mean, sd: predicted.sd } } }),
    ...(value === undefined ? {} : { value }),
  };
}
