import { describeFailure, type Failure } from '../base/failure.ts';
import type { Campaign, Definition } from '../domain/campaign.ts';
import { describeChange } from '../domain/change.ts';
import type { EventOf, LabEvent } from '../domain/event.ts';
import { describeImprovement } from '../domain/improvement.ts';
import type { EngineStatus } from '../engine/status.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { bestOf, objectivesText, pointText, type Best } from './report.ts';
import { predictedText } from './stages.ts';
import { amountText, clockText, digits, durationText, energyText } from './text.ts';

export type Mode = 'terminal' | 'plain' | 'json';

export interface Progress {
  onEvents(events: readonly LabEvent[]): void;
  /** Something to say that is no event of the lab. */
  say(text: string): void;
  fail(failure: Failure): void;
  close(): void;
}

interface Source {
  readonly ledger: Ledger;
  /** As it is now: a person may change the campaign while it runs. */
  readonly definition: () => Definition;
  readonly status: () => EngineStatus;
  readonly write: (text: string) => void;
}

/** What `run` prints while a campaign runs: a live line in a terminal, plain lines in a pipe, JSON Lines for machines. */
export function progressOf(mode: Mode, source: Source): Progress {
  if (mode === 'json') return jsonProgress(source.write);
  const { write, definition } = source;
  const live = mode === 'terminal';
  const tally = new Tally(source);
  const clear = live ? '\r\u001b[2K' : '';
  const line = (text: string) => write(`${clear}${text}\n`);
  const refresh = () => {
    if (live) write(`${clear}${statusLine(tally, source).slice(0, (process.stdout.columns ?? 100) - 1)}`);
  };
  const timer = live ? setInterval(refresh, 250) : undefined;
  timer?.unref();
  return {
    onEvents: (events) => {
      for (const event of events) {
        tally.note(event);
        const text = sentence(event, definition().campaign);
        if (text !== undefined) line(`${clockText(event.at)}  ${text}`);
      }
      // In a pipe one line per batch is enough; a sample that is held has had a line of its own.
      const types = new Set(events.map(({ type }) => type));
      if (!live && types.has('suggestions.requested') && !types.has('experiment.held')) line(statusLine(tally, source));
    },
    say: (text) => line(text),
    fail: (failure) => line(describeFailure(failure)),
    close: () => {
      clearInterval(timer);
      write(clear);
    },
  };
}

const jsonProgress = (write: (text: string) => void): Progress => ({
  onEvents: (events) => {
    for (const { seq, at, type, actor, data } of events) {
      // The definition is long and known to whoever started the campaign.
      const shown = type === 'campaign.opened' ? { campaign: data.campaign } : data;
      write(`${JSON.stringify({ seq, at: new Date(at).toISOString(), type, actor, data: shown })}\n`);
    }
  },
  say: (message) => write(`${JSON.stringify({ type: 'note', message })}\n`),
  fail: (failure) => write(`${JSON.stringify({ type: 'failure', ...failure })}\n`),
  close: () => undefined,
});

/** What the status line counts, kept up event by event: it costs the same in a long campaign as in a short one. */
class Tally {
  readonly #definition: () => Definition;
  readonly #points = new Map<string, Best['parameters']>();
  readonly #ledger: Ledger;
  #front: Best[];
  #completed = 0;
  readonly #underWay = new Set<string>();
  /** Between two stages, until it is decided what comes next. */
  readonly #held = new Set<string>();
  #dropped = 0;

  constructor({ definition, ledger }: Pick<Source, 'definition' | 'ledger'>) {
    this.#definition = definition;
    this.#ledger = ledger;
    const rows = ledger.experiments();
    this.#front = bestOf(definition().campaign, rows);
    for (const { experiment, parameters, status } of rows) {
      this.#points.set(experiment, parameters);
      if (status === 'completed') this.#completed += 1;
      if (status === 'dropped') this.#dropped += 1;
      if (status === 'held') this.#held.add(experiment);
      if (status === 'running' || status === 'observed') this.#underWay.add(experiment);
    }
  }

  note(event: LabEvent): void {
    // Another goal: what was second may be first now.
    if (event.type === 'campaign.changed') this.#front = bestOf(event.data.campaign, this.#ledger.experiments());
    if (event.type === 'experiment.suggested') this.#points.set(event.data.experiment, event.data.suggestion.point);
    if (event.type === 'command.intended' && !this.#held.has(event.data.command.experiment))
      this.#underWay.add(event.data.command.experiment);
    if (event.type === 'experiment.completed') this.#complete(event.data);
    this.#noteHold(event);
    if (event.type === 'experiment.completed' || event.type === 'experiment.cleared')
      this.#underWay.delete(event.data.experiment);
  }

  #noteHold({ type, data }: LabEvent): void {
    switch (type) {
      case 'experiment.held':
        this.#held.add(data.experiment);
        this.#underWay.delete(data.experiment);
        return;
      case 'experiment.resumed':
        this.#underWay.add(data.experiment);
        this.#held.delete(data.experiment);
        return;
      case 'experiment.dropped':
        this.#dropped += 1;
        this.#held.delete(data.experiment);
        return;
      case 'experiment.became_indeterminate':
      case 'experiment.cancelled':
        this.#held.delete(data.experiment);
    }
  }

  #complete({ experiment, objectives }: Pick<Best, 'experiment' | 'objectives'>): void {
    this.#completed += 1;
    const parameters = this.#points.get(experiment) ?? {};
    const candidates = [...this.#front, { experiment, parameters, objectives }];
    this.#front = bestOf(
      this.#definition().campaign,
      candidates.map((best) => ({ ...best, status: 'completed' })),
    );
  }

  /** [ 6/24] best distance 0.03 (e-0005), 3 running, until about 08:51:10 */
  text(eta: number | undefined): string {
    const { campaign } = this.#definition();
    const total = campaign.budget.experiments;
    const [best] = this.#front;
    const parts = [
      best === undefined ? 'no result yet' : `best ${objectivesText(campaign, best.objectives)} (${best.experiment})`,
      ...(this.#front.length > 1 ? [`${this.#front.length} none beats`] : []),
      `${this.#underWay.size} running`,
      ...(this.#held.size > 0 ? [`${this.#held.size} held`] : []),
      ...(this.#dropped > 0 ? [`${this.#dropped} dropped`] : []),
      ...(eta === undefined ? [] : [`until about ${clockText(eta)}`]),
    ];
    return `[${String(this.#completed).padStart(String(total).length)}/${total}] ${parts.join(', ')}`;
  }
}

function statusLine(tally: Tally, { ledger, status }: Source): string {
  const { eta, brokerConnected } = status();
  const stock = new Map<string, { amount: number; unit: string }>();
  for (const { material, onHand, unit } of ledger.stock())
    stock.set(material, { unit, amount: (stock.get(material)?.amount ?? 0) + onHand });
  const parts = [
    ...(brokerConnected ? [] : ['BROKER LOST, reconnecting']),
    tally.text(eta),
    energyText(ledger.totals().energy.joules),
    ...[...stock].slice(0, 4).map(([material, { amount, unit }]) => `${material} ${amountText(amount, unit)}`),
  ];
  return parts.join(', ');
}

function sentence(event: LabEvent, campaign: Campaign): string | undefined {
  switch (event.type) {
    case 'experiment.completed': {
      const values = campaign.objectives
        .map(({ name, unit }) => `${name} ${digits(event.data.objectives[name] ?? NaN, 4)} ${unit}`.trim())
        .join(', ');
      return `${event.data.experiment} completed: ${values}`;
    }
    case 'experiment.failed':
    case 'experiment.lost':
    case 'experiment.cancelled':
    case 'experiment.dropped':
    case 'experiment.resolved':
      return `${event.data.experiment} ${event.type.slice(11)}: ${event.data.reason}`;
    case 'experiment.held':
      return heldText(event);
    case 'experiment.resumed': {
      const { stage = 'the next stage', point, predicted, reason } = event.data.suggestion;
      const expects = predicted === undefined ? '' : `, expects ${predictedText(campaign, predicted)}`;
      return `${event.data.experiment} goes on with ${stage} at ${pointText(campaign, point)}${expects}: ${reason}`;
    }
    case 'experiment.became_indeterminate':
      return (
        `${event.data.experiment} waits for a person: ${event.data.reason}\n` +
        `          labwright resolve ${event.data.key} happened|not_happened|discard`
      );
    case 'experiment.late': {
      const { experiment, then, reason } = event.data;
      if (then !== 'ask') return `${experiment} goes on with ${then}: ${reason}`;
      return `${experiment} waits for a person: ${reason}\n          labwright decide ${experiment} continue|discard`;
    }
    case 'command.overdue':
      return `a command is overdue and is being cancelled (${event.data.key})`;
    case 'command.refused':
      return `a device refused a command: ${event.data.code}: ${event.data.message}`;
    case 'device.changed':
      if (event.data.state === 'ready' || event.data.state === 'busy') return undefined;
      return `${event.data.device} is ${event.data.state}`;
    case 'experiment.prioritized':
    case 'plan.pinned':
    case 'plan.changed':
    case 'plan.unpinned':
    case 'plan.improved':
      return planText(event);
    case 'campaign.changed':
      return `changed by ${event.data.by}: ${describeChange(event.data.change)}`;
    case 'campaign.paused':
      return `paused by ${event.data.by}`;
    case 'campaign.resumed':
      return `resumed by ${event.data.by}`;
    case 'campaign.stopping':
    case 'campaign.aborted':
    case 'campaign.halted':
      return `${event.type.slice(9)}: ${event.data.reason}`;
    case 'campaign.finished':
      return `the campaign has ended (${event.data.outcome}): ${event.data.reason}`;
    case 'suggestions.refused':
      return event.data.reason;
    case 'message.rejected':
      return `a message was rejected on ${event.data.topic}: ${event.data.reason}`;
    case 'order.rejected':
      return `an order was rejected: ${event.data.reason}`;
    default:
      return undefined;
  }
}

type OfPlan = EventOf<'experiment.prioritized' | 'plan.pinned' | 'plan.changed' | 'plan.unpinned' | 'plan.improved'>;

function planText(event: OfPlan): string | undefined {
  if (event.type === 'experiment.prioritized')
    return `${event.data.experiment} has priority ${event.data.priority}, ordered by ${event.data.by}`;
  if (event.type === 'plan.improved') return `better plan found: ${describeImprovement(event.data)}`;
  if (event.type !== 'plan.changed') return `the plan was ${event.type.slice(5)} by ${event.data.by}`;
  const { displaced } = event.data;
  return displaced.length === 0 ? undefined : `the pinned plan could not hold: ${displaced.join(', ')} planned anew`;
}

function heldText({ at, data: { experiment, stage, place, until } }: EventOf<'experiment.held'>): string {
  const where = place === undefined ? '' : ` in ${place}`;
  const limit = until === undefined ? '' : `, for at most ${durationText(until - at)}`;
  return `${experiment} held${where}${stage === undefined ? '' : ` after ${stage}`}${limit}`;
}
