import { describeFailure, type Failure } from '../base/failure.ts';
import type { Definition } from '../domain/campaign.ts';
import type { LabEvent } from '../domain/event.ts';
import type { EngineStatus } from '../engine/status.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { bestOf, bestText } from './report.ts';
import { amountText, clockText, digits, energyText } from './text.ts';

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
  readonly definition: Definition;
  readonly status: () => EngineStatus;
  readonly write: (text: string) => void;
}

/** What `run` prints while a campaign runs: a live line in a terminal, plain lines in a pipe, JSON Lines for machines. */
export function progressOf(mode: Mode, source: Source): Progress {
  if (mode === 'json') return jsonProgress(source.write);
  const { write, definition } = source;
  const live = mode === 'terminal';
  const clear = live ? '\r\u001b[2K' : '';
  const line = (text: string) => write(`${clear}${text}\n`);
  const refresh = () => {
    if (live) write(`${clear}${statusLine(source).slice(0, (process.stdout.columns ?? 100) - 1)}`);
  };
  const timer = live ? setInterval(refresh, 250) : undefined;
  timer?.unref();
  return {
    onEvents: (events) => {
      for (const event of events) {
        const text = sentence(event, definition);
        if (text !== undefined) line(`${clockText(event.at)}  ${text}`);
      }
      if (!live && events.some(({ type }) => type === 'experiment.completed')) line(`          ${statusLine(source)}`);
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

/** [ 6/24] best distance 0.03 (e-0005: ...), 3 running, until 08:51, red 1.9 mL, 0.04 kWh */
function statusLine({ ledger, definition, status }: Source): string {
  const rows = ledger.experiments();
  const total = definition.campaign.budget.experiments;
  const done = rows.filter(({ status }) => status === 'completed').length;
  const running = rows.filter(({ status }) => status === 'running' || status === 'observed').length;
  const [best] = bestOf(definition.campaign, rows);
  const { eta, brokerConnected } = status();
  const stock = new Map<string, { amount: number; unit: string }>();
  for (const { material, onHand, unit } of ledger.stock())
    stock.set(material, { unit, amount: (stock.get(material)?.amount ?? 0) + onHand });
  const parts = [
    best === undefined ? 'no result yet' : `best ${bestText(definition, best)}`,
    `${running} running`,
    ...(eta === undefined ? [] : [`until about ${clockText(eta)}`]),
    ...[...stock].slice(0, 4).map(([material, { amount, unit }]) => `${material} ${amountText(amount, unit)}`),
    energyText(ledger.totals().energy.joules),
    ...(brokerConnected ? [] : ['BROKER LOST, reconnecting']),
  ];
  return `[${String(done).padStart(String(total).length)}/${total}] ${parts.join(' | ')}`;
}

function sentence(event: LabEvent, { campaign }: Definition): string | undefined {
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
    case 'experiment.held':
    case 'experiment.resolved':
      return `${event.data.experiment} ${event.type.slice(11)}: ${event.data.reason}`;
    case 'experiment.became_indeterminate':
      return (
        `${event.data.experiment} waits for a person: ${event.data.reason}\n` +
        `          labwright resolve ${event.data.key} happened|not_happened|discard`
      );
    case 'command.overdue':
      return `a command is overdue and is being cancelled (${event.data.key})`;
    case 'command.refused':
      return `a device refused a command: ${event.data.code}: ${event.data.message}`;
    case 'device.changed':
      if (event.data.state === 'ready' || event.data.state === 'busy') return undefined;
      return `${event.data.device} is ${event.data.state}`;
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
