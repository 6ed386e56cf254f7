import { durationText } from '../base/duration-text.ts';
import { describeFailure, failed, ok, type Result } from '../base/failure.ts';
import type { Definition } from '../domain/campaign.ts';
import { timerId, type Effect } from '../domain/effect.ts';
import type { NewEvent } from '../domain/event.ts';
import { evaluate, type Scope } from '../domain/expression.ts';
import type { ExperimentId } from '../domain/ids.ts';
import { fromSi } from '../domain/quantity.ts';
import { scopeOf } from '../domain/resolve.ts';
import { decidesAfter, holdRack } from '../domain/stages.ts';
import {
  backoffMs,
  currentStop,
  experimentMachine,
  type ExperimentContext,
  type ExperimentEvent,
} from './experiment.ts';
import type { Behaviour } from './run-machine.ts';

type Make = (context: ExperimentContext, event: ExperimentEvent) => readonly Effect[];

const record = (event: NewEvent): Effect[] => [{ do: 'record', event }];

const failing = ({ experiment }: ExperimentContext, reason: string, retryable: boolean): Effect[] =>
  record({ type: 'experiment.failed', data: { experiment, reason, retryable } });

/** What the experiment machine's actions ask for, by the protocol and lab of the campaign. */
export function experimentBehaviourOf(definition: Definition): ExperimentBehaviour {
  const known = behaviours.get(definition);
  if (known !== undefined) return known;
  const effects = { ...endings, ...progress(definition), ...clearing(definition) };
  const behaviour = { machine: experimentMachine, effects };
  behaviours.set(definition, behaviour);
  return behaviour;
}

type ExperimentBehaviour = Behaviour<typeof experimentMachine, ExperimentContext, ExperimentEvent>;
const behaviours = new WeakMap<Definition, ExperimentBehaviour>();

function progress(definition: Definition): Record<string, Make> {
  return {
    reserve: ({ experiment }) => [{ do: 'reserve', experiment }],
    wakeLater: ({ experiment: subject, attempt }) => {
      const id = timerId('retry', subject);
      return [{ do: 'set_timer', id, afterMs: backoffMs(attempt - 1), kind: 'retry', subject }];
    },
    observe: (context) => {
      const { experiment } = context;
      const stage = definition.protocol.stages[context.stage]!.id;
      const observed = observe(definition, context);
      if (!observed.ok) return failing(context, blaming(context, describeFailure(observed.failure)), true);
      const data = { experiment, stage, observations: observed.value, ...lateness(context) };
      return record({ type: 'experiment.observed', data });
    },
    conclude: (context, event) => {
      if (event.type !== 'experiment.observed') return [];
      if (decidesAfter(definition, context.stage - 1)) return held(definition, context, event.at);
      if (context.stage < definition.protocol.stages.length) return [];
      const { experiment } = context;
      const objectives = objectivesOf(definition, context);
      if (!objectives.ok) return failing(context, blaming(context, describeFailure(objectives.failure)), true);
      const data = { experiment, objectives: objectives.value, ...lateness(context) };
      return record({ type: 'experiment.completed', data });
    },
    /** After a doubt: a sample that was held still is. */
    hold: (context, event) => (context.held === true ? held(definition, context, event.at) : []),
    watchShelf: ({ experiment: subject }, event) => {
      if (event.type !== 'experiment.held' || event.data.until === undefined) return [];
      const afterMs = Math.max(0, event.data.until - event.at);
      return [{ do: 'set_timer', id: timerId('shelf_life', subject), afterMs, kind: 'shelf_life', subject }];
    },
    leaveShelf: ({ experiment }) => [{ do: 'clear_timer', id: timerId('shelf_life', experiment) }],
  };
}

/** The sample waits in its rack for a decision, until its shelf life ends. */
function held({ protocol, lab }: Definition, context: ExperimentContext, now: number): Effect[] {
  const { id, hold } = protocol.stages[context.stage - 1]!;
  const place = holdRack(lab, hold);
  const maxWait = currentStop(context)?.maxWait;
  return record({
    type: 'experiment.held',
    data: {
      experiment: context.experiment,
      reason: `${id} is measured; what comes next is being decided`,
      stage: id,
      ...(place === undefined ? {} : { place }),
      ...(maxWait === undefined ? {} : { until: (context.lastStepEnd ?? now) + maxWait }),
    },
  });
}

/** What follows where a limit of time was not kept at a step, by what the protocol says of it. */
export function exceptionOf(
  experiment: ExperimentId,
  step: string,
  then: string | undefined,
  reason: string,
): NewEvent {
  if (then !== undefined && then !== 'discard')
    return { type: 'experiment.late', data: { experiment, step, then, reason } };
  return { type: 'experiment.failed', data: { experiment, reason, retryable: then === undefined } };
}

const lateness = ({ late }: ExperimentContext) => (late === undefined ? {} : { late });

/** Why there are no observations: steps may have been left out. */
const blaming = ({ late }: ExperimentContext, why: string): string => (late === undefined ? why : `${late}; ${why}`);

const endings: Record<string, Make> = {
  fail: (context, event) => {
    if (event.type !== 'command.ended') return [];
    const { error, outcome } = event.data;
    return failing(context, error === undefined ? `a command ended as ${outcome}` : error.message, true);
  },
  failRefused: (context, event) =>
    event.type === 'command.refused' ? failing(context, `${event.data.code}: ${event.data.message}`, false) : [],
  exceptLate: (context) => {
    const { id, maxWait = 0, late, overrun } = context.itinerary[context.stage]![context.step - 1]!;
    const { waitedTooLong: waited, tookTooLong: took = 0, longest = 0 } = context;
    const reason =
      waited === undefined
        ? `${id} took ${durationText(took)}, and ${durationText(longest)} is the longest that its device declares`
        : `a maximum wait was missed: ${id} began ${durationText(waited)} after the step before, at most ${durationText(maxWait)} is allowed`;
    return record(exceptionOf(context.experiment, id, waited === undefined ? overrun : late, reason));
  },
  failDiscarded: (context, event) =>
    event.type === 'experiment.decided'
      ? failing(context, `${context.late}; discarded by ${event.data.by}`, false)
      : [],
  cancel: ({ experiment }, event) => {
    const reason = event.type === 'campaign.stopping' ? `not begun: ${event.data.reason}` : 'the campaign was aborted';
    return record({ type: 'experiment.cancelled', data: { experiment, reason } });
  },
  drop: ({ experiment }, event) => {
    const reason = event.type === 'campaign.stopping' ? `not gone on with: ${event.data.reason}` : 'dropped';
    return record({ type: 'experiment.dropped', data: { experiment, reason } });
  },
  lose: ({ experiment }, event) => {
    const reason = event.type === 'campaign.aborted' ? 'aborted while in doubt' : 'discarded by a person';
    return record({ type: 'experiment.lost', data: { experiment, reason } });
  },
  doubt: ({ experiment, command }, event) => {
    if (event.type !== 'command.ended' || command === undefined) return [];
    const unknown = `${command.device} does not know whether ${command.capability} happened`;
    const data = { experiment, key: command.key, reason: event.data.error?.message ?? unknown };
    return record({ type: 'experiment.became_indeterminate', data });
  },
  resolve: ({ experiment }, event) =>
    record({ type: 'experiment.resolved', data: { experiment, reason: whyResolved(event) } }),
};

function whyResolved(event: ExperimentEvent): string {
  if (event.type === 'command.resolved') return `${event.data.by}: ${event.data.as.replace('_', ' ')}`;
  if (event.type === 'experiment.decided') return `${event.data.by}: ${event.data.as}`;
  if (event.type === 'campaign.aborted') return 'the campaign was aborted';
  return 'the device came back with the truth';
}

function clearing({ lab }: Definition): Record<string, Make> {
  // What was held and is not gone on with leaves its shelf to others, too.
  const [out] = Object.keys(lab.racks);
  const inTheWay = ({ location }: ExperimentContext) =>
    location !== undefined && lab.transport !== undefined && location !== out;
  const clear: Make = ({ experiment, location }) => {
    const reason = location === undefined ? 'it never entered the lab' : `the sample is at ${location}`;
    return record({ type: 'experiment.cleared', data: { experiment, reason } });
  };
  return {
    clear,
    clearIfOut: (context, event) => {
      const waits = context.command !== undefined || (inTheWay(context) && !context.aborting);
      return waits ? [] : clear(context, event);
    },
  };
}

function evaluateAll(
  expressions: readonly (readonly [string, string])[],
  scope: Scope,
): Result<Record<string, number>> {
  const values: Record<string, number> = {};
  for (const [name, text] of expressions) {
    const value = evaluate(text, scope);
    if (!value.ok) return value;
    values[name] = Number(value.value);
  }
  return ok(values);
}

/** The observations of the stage that has just ended. */
function observe(definition: Definition, context: ExperimentContext): Result<Record<string, number>> {
  const stage = definition.protocol.stages[context.stage]!;
  return evaluateAll(Object.entries(stage.observes), scopeOf(definition, context.point, context.results));
}

/** The objectives in their own units; every stage's expressions are at hand because all results are. */
function objectivesOf(definition: Definition, context: ExperimentContext): Result<Record<string, number>> {
  const expressions = new Map(definition.protocol.stages.flatMap((stage) => Object.entries(stage.observes)));
  const wanted = definition.campaign.objectives.map(({ name }) => [name, expressions.get(name)!] as const);
  const values = evaluateAll(wanted, scopeOf(definition, context.point, context.results));
  if (!values.ok) return failed(values.failure);
  return ok(
    Object.fromEntries(
      definition.campaign.objectives.map(({ name, unit }) => [name, fromSi(values.value[name]!, unit)]),
    ),
  );
}
