import { createHash } from 'node:crypto';
import type { LabEvent } from '../../src/domain/event.ts';
import type { Evidence, Violation } from './oracle.ts';

/** JSON with sorted names: what the chain is computed over. */
function plain(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => plain(item ?? null)).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  const names = Object.keys(value).sort();
  const members = names
    .map((name) => [name, (value as Record<string, unknown>)[name]] as const)
    .filter(([, member]) => member !== undefined);
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${plain(member)}`).join(',')}}`;
}

/** Every event is numbered in turn and hashed together with the hash before. */
export function checkChain(events: readonly LabEvent[]): Violation[] {
  let before = '0'.repeat(64);
  for (const [i, { seq, at, version, actor, type, data, hash }] of events.entries()) {
    const text = plain({ actor, at, data, seq, type, version });
    const right = createHash('sha256')
      .update(before + text)
      .digest('hex');
    if (seq !== i + 1 || hash !== right)
      return [{ rule: 'the chain is whole', sentence: `Event ${seq} (${type}) does not follow event ${i}.` }];
    before = hash;
  }
  return [];
}

/** Every point that was suggested lies in the search space. */
export function checkSuggestions({ definition, events }: Evidence): Violation[] {
  const points = new Map<string, Readonly<Record<string, unknown>>>();
  const found: Violation[] = [];
  for (const event of events) {
    const chosen = event.type === 'experiment.suggested' || event.type === 'experiment.resumed';
    if (chosen) {
      const { experiment, suggestion } = event.data;
      const before = points.get(experiment) ?? {};
      const again = Object.keys(suggestion.point).find((name) => name in before);
      if (again !== undefined)
        found.push({ rule: 'suggestions lie in the space', sentence: `${again} of ${experiment} is chosen twice.` });
      points.set(experiment, { ...before, ...suggestion.point });
    }
    // What has been begun has parameters for all that it does; at the end of its way it has all of them.
    if (event.type === 'experiment.completed')
      found.push(...checkPoint(definition, points.get(event.data.experiment)!));
  }
  const staged = definition.protocol.stages.some(({ hold }) => hold !== undefined);
  for (const point of points.values()) found.push(...checkPoint(definition, point, staged));
  return found;
}

/** Whether a point has every parameter, or if it is `partial` those that it has, in their bounds. */
function checkPoint(
  definition: Evidence['definition'],
  point: Readonly<Record<string, unknown>>,
  partial = false,
): Violation[] {
  const found: Violation[] = [];
  const wrong = (name: string, value: unknown, why: string) =>
    found.push({ rule: 'suggestions lie in the space', sentence: `${name} is ${JSON.stringify(value)}: ${why}.` });
  for (const [name, parameter] of Object.entries(definition.campaign.space)) {
    const value = point[name];
    if (value === undefined && partial) continue;
    if (parameter.type === 'continuous') {
      // Both ends in the unit of the lower one; the conversion may cost the last digits.
      const factor =
        parameter.min.si === 0 ? parameter.max.value / parameter.max.si : parameter.min.value / parameter.min.si;
      const top = parameter.min.unit === parameter.max.unit ? parameter.max.value : parameter.max.si * factor;
      const slack = 1e-9 * Math.max(1, Math.abs(top));
      if (typeof value !== 'number' || value < parameter.min.value - slack || value > top + slack)
        wrong(name, value, `not within ${parameter.min.value} and ${top}`);
    } else if (parameter.type === 'integer') {
      if (!Number.isInteger(value) || (value as number) < parameter.min || (value as number) > parameter.max)
        wrong(name, value, 'no such integer');
    } else if (parameter.type === 'ordinal') {
      if (!parameter.levels.some((level) => Math.abs(level.value - Number(value)) < 1e-9))
        wrong(name, value, 'no level');
    } else if (!parameter.levels.includes(String(value))) wrong(name, value, 'no category');
  }
  const unknown = Object.keys(point).find((name) => !(name in definition.campaign.space));
  if (unknown !== undefined) wrong(unknown, point[unknown], 'no parameter');
  return found;
}

/** A sample that waits for a decision is only carried, and one that is dropped is worked on no more. */
export function checkHolds({ events }: Evidence): Violation[] {
  const found: Violation[] = [];
  const idle = new Map<string, string>();
  for (const event of events) {
    if (event.type === 'experiment.held') idle.set(event.data.experiment, 'held');
    if (event.type === 'experiment.dropped') idle.set(event.data.experiment, 'dropped');
    if (event.type === 'experiment.resumed') {
      const { experiment } = event.data;
      if (idle.get(experiment) !== 'held')
        found.push({ rule: 'only held samples go on', sentence: `${experiment} is resumed without being held.` });
      idle.delete(experiment);
    }
    if (event.type !== 'command.intended') continue;
    const { experiment, kind, step } = event.data.command;
    const state = idle.get(experiment);
    if (kind === 'process' && state !== undefined)
      found.push({ rule: 'held samples wait', sentence: `${step} is done to ${experiment}, which is ${state}.` });
  }
  return found;
}

/** After a missed limit of time a sample is done to only what its protocol says, or what a person does. */
export function checkExceptions({ events, definition }: Evidence): Violation[] {
  const steps = new Map(
    definition.protocol.stages.flatMap((stage) => stage.steps.map((step) => [step.id as string, step])),
  );
  const found: Violation[] = [];
  const next = new Map<string, string>();
  const say = (sentence: string) => found.push({ rule: 'late samples go the way of their protocol', sentence });
  for (const event of events) {
    if (event.type === 'experiment.late') {
      const { experiment, step, then } = event.data;
      const said = steps.get(step);
      if (then !== said?.late && then !== said?.overrun)
        say(`${experiment} goes on with ${then}, which ${step} does not say.`);
      next.set(experiment, then);
    }
    if (event.type === 'experiment.decided') {
      if (next.get(event.data.experiment) !== 'ask') say(`${event.data.experiment} is decided on without a question.`);
      next.delete(event.data.experiment);
    }
    if (event.type !== 'command.intended' || event.data.command.kind === 'move') continue;
    const { experiment, step } = event.data.command;
    const then = next.get(experiment);
    if (then !== undefined && then !== step) say(`${step} is done to ${experiment}, which is to go on with ${then}.`);
    next.delete(experiment);
  }
  return found;
}

const endings = new Set([
  'experiment.completed',
  'experiment.failed',
  'experiment.lost',
  'experiment.cancelled',
  'experiment.dropped',
]);

/** Sequences that no log may hold, whatever happened. */
export function checkEvents({ events, definition }: Evidence): Violation[] {
  const found: Violation[] = [];
  const ended = new Set<string>();
  const finished = new Set<string>();
  let phase = 'running';
  let suggested = 0;
  let epoch = 0;
  let pinned = false;
  const say = (rule: string, sentence: string) => found.push({ rule, sentence });
  for (const event of events) {
    if (endings.has(event.type)) {
      const { experiment } = event.data as { experiment: string };
      if (ended.has(experiment)) say('an experiment ends once', `${experiment} ends again as ${event.type}.`);
      ended.add(experiment);
    }
    if (event.type === 'command.intended' && event.data.command.kind === 'process') {
      const { experiment, step } = event.data.command;
      if (ended.has(experiment))
        say('what has ended is not worked on', `${step} is done to ${experiment}, which has ended.`);
    }
    if (event.type === 'command.ended' && event.data.outcome !== 'indeterminate') {
      if (finished.has(event.data.key)) say('a result is taken once', `${event.data.key} ends again.`);
      finished.add(event.data.key);
    }
    if (event.type === 'campaign.paused') phase = 'paused';
    // An end that is ordered while the campaign is paused carries what has begun to its end.
    if (event.type === 'campaign.resumed' || event.type === 'campaign.stopping') phase = 'running';
    if (event.type === 'campaign.aborted' || event.type === 'campaign.halted') phase = 'over';
    if (event.type === 'command.intended' && phase !== 'running')
      say('orders are obeyed', `${event.data.command.key} was intended while the campaign was ${phase}.`);
    if (event.type === 'plan.improved') {
      if (pinned) say('only a free plan is improved', 'A pinned plan was exchanged for a better one.');
    } else if (event.type.startsWith('plan.')) {
      if (pinned === (event.type === 'plan.pinned'))
        say('only a pinned plan is kept', `${event.type} of a plan that is ${pinned ? '' : 'not '}pinned.`);
      pinned = event.type !== 'plan.unpinned';
    }
    if (event.type === 'experiment.suggested') suggested += 1;
    if (event.type === 'controller.started') {
      if (event.data.epoch <= epoch) say('epochs rise', `Epoch ${event.data.epoch} follows epoch ${epoch}.`);
      epoch = event.data.epoch;
    }
  }
  const { experiments } = definition.campaign.budget;
  if (suggested > experiments) say('the budget holds', `${suggested} experiments of ${experiments} were begun.`);
  return found;
}

/**
 * A controller asks at its start for every command that it finds open: unless it has slept, it has said something of it
 * before it hears the end. It does not send again what has ended, and no journal is ever lost here.
 */
export function checkTalk({ events, mentions, wakings }: Evidence): Violation[] {
  const found: Violation[] = [];
  const ended = new Map<string, { at: number; epoch: number }>();
  const intended = new Map<string, number>();
  let epoch = 0;
  let instance = '';
  const askedBefore = (key: string, at: number) =>
    wakings.includes(at) ||
    mentions.some((each) => each.key === key && each.kind !== 'forget' && each.epoch >= epoch && each.at <= at);
  for (const event of events) {
    // The same controller may rise to another epoch.
    if (event.type === 'controller.started' && event.data.instance !== instance) ({ epoch, instance } = event.data);
    if (event.type === 'command.intended') intended.set(event.data.command.key, epoch);
    if (event.type !== 'command.ended') continue;
    const { key, source, error, outcome } = event.data;
    if (error?.code === 'journal_lost')
      found.push({
        rule: 'what is acknowledged is on record',
        sentence: `A device acknowledged ${key} and forgot it.`,
      });
    if (outcome !== 'indeterminate') ended.set(key, { at: event.at, epoch });
    if (source === 'device' && intended.get(key)! < epoch && !askedBefore(key, event.at))
      found.push({
        rule: 'open commands are asked for',
        sentence: `Epoch ${epoch} heard the end of ${key} and had never asked for it.`,
      });
  }
  // One that was deposed may still be talking; devices refuse it.
  const late = mentions.find(({ kind, key, at, epoch: of }) => {
    const end = ended.get(key);
    return kind === 'cmd' && end !== undefined && at > end.at && of >= end.epoch;
  });
  if (late !== undefined)
    found.push({
      rule: 'what has ended is not sent again',
      sentence: `${late.key} was sent after its end was on the books.`,
    });
  return found;
}
