import { type Result, failed, failure, ok } from '../../base/failure.ts';
import { explainModel } from '../../optimizer/explain-model.ts';
import type { Datum, Parameter, Point, Problem, SuggestOptions } from '../../optimizer/problem.ts';
import { suggest } from '../../optimizer/suggest.ts';
import { checkInput } from '../../optimizer/check.ts';
import { checkWarm } from '../../optimizer/warm/check.ts';
import type { Request } from './request.ts';

/** What a conversation has agreed on so far. */
export interface Session {
  readonly problem?: Problem;
  readonly settings: Omit<SuggestOptions, 'count'>;
  readonly observations: readonly Datum[];
  /** Suggested or announced, not yet told. */
  readonly pending: readonly Point[];
}

export const newSession: Session = { settings: { seed: 1 }, observations: [], pending: [] };

export interface Turn {
  readonly session: Session;
  readonly answer: Result<object>;
}

type Of<K extends Request['request']> = Extract<Request, { request: K }>;
type Started = Session & { readonly problem: Problem };

/** The next state of a conversation and the answer to one request; a request that fails leaves the state as it was. */
export function converse(session: Session, request: Request): Turn {
  if (request.request === 'problem') return setProblem(session, request);
  if (request.request === 'state') return { session, answer: ok(describeState(session)) };
  const { problem } = session;
  if (problem === undefined) {
    const mend = 'Send a request "problem" first.';
    return { session, answer: failed(failure('input.invalid', 'There is no problem yet.', { mend })) };
  }
  const started: Started = { ...session, problem };
  switch (request.request) {
    case 'tell':
      return tell(started, request);
    case 'ask':
      return ask(started, request);
    case 'pending':
      return announce(started, request);
    case 'forget':
      return forget(started, request);
    case 'explain':
      return { session, answer: explain(started, request) };
  }
}

/** A new problem, or a changed one: what was observed before stays. */
function setProblem(session: Session, { id: _id, request: _request, problem, ...given }: Of<'problem'>): Turn {
  const settings = { seed: session.settings.seed, ...given };
  const parameters = problem.parameters.map((parameter) => withRetired(parameter, session));
  return advance(session, { ...session, problem: { ...problem, parameters }, settings });
}

/** Levels that are no longer there but that data or pending points have stay known to the model. */
function withRetired(parameter: Parameter, { problem, observations, pending }: Session): Parameter {
  const before = problem?.parameters.find(({ name }) => name === parameter.name);
  if (parameter.type !== 'categorical' || before?.type !== 'categorical') return parameter;
  const { name, levels, retired = [], descriptors } = parameter;
  const used = new Set([...observations.map(({ point }) => point), ...pending].map((point) => point[name]));
  const gone = [...before.levels, ...(before.retired ?? [])].filter(
    (level) => used.has(level) && !levels.includes(level) && !retired.includes(level),
  );
  if (gone.length === 0) return parameter;
  const known = Object.fromEntries(gone.flatMap((level) => [[level, before.descriptors?.[level]]]));
  const described =
    descriptors === undefined ? {} : { descriptors: { ...known, ...descriptors } as typeof descriptors };
  return { ...parameter, retired: [...retired, ...gone], ...described };
}

function tell(session: Started, { observations }: Of<'tell'>): Turn {
  const told = observations.map(({ point }) => keyOf(session.problem, point));
  const pending = [...session.pending];
  for (const key of told) {
    const index = pending.findIndex((point) => keyOf(session.problem, point) === key);
    if (index >= 0) pending.splice(index, 1);
  }
  return advance(session, { ...session, observations: [...session.observations, ...observations], pending });
}

function announce(session: Started, { points }: Of<'pending'>): Turn {
  return advance(session, { ...session, pending: [...session.pending, ...points] });
}

function ask(session: Started, { batch, regretTolerance }: Of<'ask'>): Turn {
  const { problem, observations, pending, settings } = session;
  const tolerance = regretTolerance === undefined ? {} : { regretTolerance };
  const answer = suggest(problem, observations, pending, { count: batch, ...settings, ...tolerance });
  if (!answer.ok) return { session, answer };
  const points = answer.value.suggestions.map(({ point }) => point);
  return { session: { ...session, pending: [...pending, ...points] }, answer };
}

function forget(session: Started, { what, points = [] }: Of<'forget'>): Turn {
  const drop = new Set(points.map((point) => keyOf(session.problem, point)));
  const named = (point: Point) => what === 'points' && drop.has(keyOf(session.problem, point));
  const observations = session.observations.filter(
    ({ point }) => what !== 'all' && what !== 'observations' && !named(point),
  );
  const pending = session.pending.filter((point) => what !== 'all' && what !== 'pending' && !named(point));
  return advance(session, { ...session, observations, pending });
}

function explain({ problem, observations, settings }: Started, { points = [] }: Of<'explain'>): Result<object> {
  return explainModel(problem, observations, points, settings.seed);
}

/** Takes the next state if the optimizer could work with it. */
function advance(session: Session, next: Session): Turn {
  const { problem, observations, pending, settings } = next;
  const checked = checkInput(problem!, observations, pending, { count: 1, ...settings });
  if (!checked.ok) return { session, answer: checked };
  const unfit = checkWarm(problem!, settings);
  if (unfit !== undefined) return { session, answer: failed(unfit) };
  return { session: next, answer: ok({ observations: observations.length, pending: pending.length }) };
}

const describeState = ({ problem, settings, observations, pending }: Session): object => ({
  problem: problem ?? null,
  ...settings,
  observations,
  pending,
});

/** Equal for equal points, whatever the order of their names. */
const keyOf = ({ parameters }: Problem, point: Point): string =>
  JSON.stringify(parameters.map(({ name }) => (Object.hasOwn(point, name) ? point[name] : null)));
