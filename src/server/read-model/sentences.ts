import { describeChange } from '../../domain/change.ts';
import { describeImprovement } from '../../domain/improvement.ts';
import type { EventData, EventType, LabEvent } from '../../domain/event.ts';
import type { Model } from './model.ts';

/** What an event says to a person, in one line. */
export function sentenceOf(model: Model, event: LabEvent): string {
  const tell = tellers[event.type] as ((data: unknown, names: Names) => string) | undefined;
  return tell?.(event.data, namesOf(model)) ?? event.type.replace('.', ' ').replaceAll('_', ' ');
}

interface Names {
  experiment(id: string): string;
  command(key: string): string;
}

function namesOf(model: Model): Names {
  const experiment = (id: string) => {
    const number = model.sections.experiments.get(id)?.number;
    return number === undefined ? `Experiment ${id}` : `Experiment ${number}`;
  };
  return {
    experiment,
    command(key) {
      const open = model.commands.get(key);
      if (open !== undefined) {
        const { device, capability, experiment } = open.command;
        return `${device}: ${words(capability)} for experiment ${open.number || experiment}`;
      }
      const bar = model.sections.bars.get(key);
      return bar === undefined
        ? `Command ${key}`
        : `${bar.device}: ${words(bar.capability)} for experiment ${bar.number}`;
    },
  };
}

const words = (name: string): string => name.replaceAll('_', ' ');
const because = (reason: string): string => (reason === '' ? '' : `: ${reason.replace(/\.$/, '')}`);
const plural = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;
const figures = (values: Readonly<Record<string, number>>): string =>
  Object.entries(values)
    .map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`)
    .join(', ');

const lateness = ({ late }: { late?: string | undefined }): string => (late === undefined ? '' : ` (${late})`);

const resolutions = { happened: 'it happened', not_happened: 'it did not happen', discard: 'discard the sample' };

const tellers: { readonly [T in EventType]?: (data: EventData<T>, names: Names) => string } = {
  'controller.started': (d) => `Controller ${d.controller} started (epoch ${d.epoch}, version ${d.software})`,
  'campaign.opened': (d) => `Campaign ${d.campaign} opened`,
  'campaign.changed': (d) => `Changed by ${d.by} (version ${d.version}): ${describeChange(d.change)}`,
  'campaign.paused': (d) => `Paused by ${d.by}`,
  'campaign.resumed': (d) => `Resumed by ${d.by}`,
  'campaign.stopping': (d) => `Stopping, ordered by ${d.by}${because(d.reason)}`,
  'campaign.aborted': (d) => `Aborted by ${d.by}${because(d.reason)}`,
  'campaign.halted': (d) => `HALT by ${d.by}${because(d.reason)}`,
  'campaign.finished': (d) => `Campaign ${d.outcome}${because(d.reason)}`,
  'suggestions.requested': (d) => `${plural(d.count, 'suggestion')} requested`,
  'suggestions.received': (d) => `${received(d)}${trusting(d.model?.sources)}`,
  'suggestions.refused': (d) => `No suggestion${because(d.reason)}`,
  'experiment.suggested': (d) => `Experiment ${d.number} suggested${because(d.suggestion.reason)}`,
  'experiment.planned': (d, n) => `${n.experiment(d.experiment)} planned, its materials reserved`,
  'experiment.scheduled': (d, n) => `${n.experiment(d.experiment)} scheduled`,
  'experiment.prioritized': (d, n) => `${n.experiment(d.experiment)} has priority ${d.priority}, ordered by ${d.by}`,
  'experiment.observed': (d, n) =>
    `${n.experiment(d.experiment)} observed in ${d.stage}: ${figures(d.observations)}${lateness(d)}`,
  'experiment.late': (d, n) =>
    `${n.experiment(d.experiment)} ${d.then === 'ask' ? 'needs a person' : `goes on with ${d.then}`}${because(d.reason)}`,
  'experiment.decided': (d, n) =>
    `${n.experiment(d.experiment)}, decided by ${d.by}: ${d.as === 'continue' ? 'go on' : 'discard the sample'}`,
  'experiment.held': (d, n) => `${n.experiment(d.experiment)} held${because(d.reason)}`,
  'experiment.resumed': (d, n) =>
    `${n.experiment(d.experiment)} goes on${d.suggestion.stage === undefined ? '' : ` with ${d.suggestion.stage}`}${because(d.suggestion.reason)}`,
  'experiment.provided': (d, n) => `${n.experiment(d.experiment)} has its materials reserved`,
  'experiment.dropped': (d, n) => `${n.experiment(d.experiment)} dropped${because(d.reason)}`,
  'experiment.completed': (d, n) => `${n.experiment(d.experiment)} completed: ${figures(d.objectives)}${lateness(d)}`,
  'experiment.failed': (d, n) => `${n.experiment(d.experiment)} failed${because(d.reason)}`,
  'experiment.lost': (d, n) => `${n.experiment(d.experiment)} lost${because(d.reason)}`,
  'experiment.became_indeterminate': (d, n) => `${n.experiment(d.experiment)} needs a person${because(d.reason)}`,
  'experiment.resolved': (d, n) => `${n.experiment(d.experiment)} goes on${because(d.reason)}`,
  'experiment.cleared': (d, n) => `${n.experiment(d.experiment)} cleared${because(d.reason)}`,
  'experiment.cancelled': (d, n) => `${n.experiment(d.experiment)} cancelled${because(d.reason)}`,
  'plan.pinned': (d) => `Plan pinned by ${d.by}`,
  'plan.changed': (d, n) =>
    [
      ...d.came.map((id) => `${n.experiment(id)} came in`),
      ...d.displaced.map((id) => `${n.experiment(id)} lost its place`),
    ].join(', ') + ' in the pinned plan',
  'plan.unpinned': (d) => `Plan unpinned by ${d.by}`,
  'plan.improved': (d) => `Better plan found: ${describeImprovement(d)}`,
  'command.intended': (d, n) => `${n.command(d.command.key)}, to begin`,
  'command.accepted': (d, n) => `${n.command(d.key)}, accepted`,
  'command.refused': (d, n) => `${n.command(d.key)}, refused (${d.code}): ${d.message}`,
  'command.overdue': (d, n) => `${n.command(d.key)}, overdue`,
  'command.ended': (d, n) => `${n.command(d.key)}, ${d.outcome}${d.error === undefined ? '' : `: ${d.error.message}`}`,
  'command.resolved': (d, n) => `${n.command(d.key)}, resolved by ${d.by}: ${resolutions[d.as]}`,
  'device.announced': (d) => `${d.device} is a ${d.descriptor.vendor} ${d.descriptor.model}`,
  'device.changed': (d) => `${d.device} is ${d.state}`,
  'meter.read': (d) => `${d.device} meter ${d.meter} reads ${Math.round(d.total)} J`,
  'lot.registered': (d) => `Lot ${d.lot} of ${d.material} registered`,
  'message.rejected': (d) => `Message on ${d.topic} rejected${because(d.reason)}`,
  'order.rejected': (d) => `Order ${d.order} of ${d.by} rejected${because(d.reason)}`,
};

function received({ suggestions, drops = [] }: EventData<'suggestions.received'>): string {
  const resumed = suggestions.filter(({ resumes }) => resumes !== undefined).length;
  if (resumed + drops.length === 0) return `${plural(suggestions.length, 'suggestion')} received`;
  return `Decided: ${suggestions.length - resumed} to start, ${resumed} to go on, ${drops.length} to drop`;
}

/** What the batch owes to earlier campaigns. */
const trusting = (sources: readonly { name: string; outcome: string; trust: number }[] = []): string =>
  sources.length === 0
    ? ''
    : `, trusting ${sources.map(({ name, outcome, trust }) => `${name} ${Math.round(100 * trust)} % on ${outcome}`).join(', ')}`;
