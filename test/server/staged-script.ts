import type { Definition } from '../../src/domain/campaign.ts';
import { Campaign } from '../../src/domain/campaign.ts';
import type { Command, EventData, NewEvent } from '../../src/domain/event.ts';
import { Protocol } from '../../src/domain/protocol.ts';
import { definition } from './colour-match.ts';
import { numbered, opening, origin, type Script } from './script.ts';

const minute = 60_000;

/** Mix, look at the shade, wait; then add yellow and measure the distance. */
export const stagedDefinition: Definition = {
  ...definition,
  protocol: Protocol.parse({
    protocol: 'mix-wait-trim',
    parameters: { cyan: 'uL', magenta: 'uL', yellow: 'uL' },
    stages: [
      {
        id: 'mix',
        steps: [
          { id: 'dispense', capability: 'dispense', parameters: { volumes: '=cyan + magenta' } },
          { id: 'look', capability: 'measure_colour' },
        ],
        observes: { shade: '=look.shade' },
        hold: { for: '8 h' },
      },
      {
        id: 'trim',
        steps: [
          { id: 'top', capability: 'dispense', parameters: { volumes: '=yellow' } },
          { id: 'read', capability: 'measure_colour' },
        ],
        observes: { distance: '=read.distance' },
      },
    ],
  }),
  campaign: Campaign.parse({ ...written(), campaign: 'colour-staged' }),
};

function written() {
  const { campaign, space, objectives, batch, budget } = definition.campaign;
  const volume = { min: '0 uL', max: '200 uL' };
  return {
    campaign,
    space: Object.fromEntries(Object.keys(space).map((name) => [name, volume])),
    objectives,
    batch: { size: batch.size, mode: batch.mode },
    budget: { experiments: budget.experiments },
  };
}

type Suggestion = EventData<'experiment.suggested'>['suggestion'];

/**
 * Four samples: 1 goes through, 2 is dropped, 3 waits in the rack and was in doubt there, 4 is being mixed. Not finished.
 */
export function stagedScript(): Script {
  const timed = opening().map((entry) =>
    entry.event.type === 'campaign.opened'
      ? { ...entry, event: { ...entry.event, data: { ...entry.event.data, definition: stagedDefinition } } }
      : entry,
  );
  const add = (minutes: number, event: NewEvent) =>
    void timed.push({ at: origin + minutes * minute, actor: 'controller', event });
  const id = (number: number) => `e-000${number}` as never;
  const suggest = (at: number, number: number, suggestion: Suggestion) => {
    const experiment = id(number);
    add(at, { type: 'experiment.suggested', data: { experiment, number, ask: 1, suggestion } });
    add(at, { type: 'experiment.planned', data: { experiment, reservations: [] } });
  };
  const run = (from: number, to: number, number: number, what: Partial<Command>) => {
    const command = commandOf(id(number), `k-${number}-${what.stage}-${what.step}-${what.kind ?? 'process'}`, what);
    add(from, { type: 'command.intended', data: { command } });
    add(from, { type: 'command.accepted', data: { key: command.key, boot: 'b1' } });
    if (to < 100) add(to, { type: 'command.ended', data: endOf(command.key, 'ok') });
    return command.key;
  };
  const hold = (at: number, number: number, shade: number) => {
    const experiment = id(number);
    add(at, { type: 'experiment.observed', data: { experiment, stage: 'mix', observations: { shade } } });
    add(at, { type: 'experiment.held', data: heldOf(experiment, at) });
  };
  const start = { point: { cyan: 40, magenta: 60 }, stage: 'mix', cost: 100, reason: 'Initial design.' };
  for (const number of [1, 2, 3]) suggest(0.1, number, start);
  for (const number of [1, 2, 3]) {
    run(number, number + 0.9, number, { stage: 'mix', step: 'dispense' });
    hold(number + 1, number, number / 10);
    run(number + 1.1, number + 1.3, number, { stage: 'trim', step: 'top', kind: 'move', device: 'arm' as never });
  }
  const predicted = { distance: { mean: 4, sd: 1.5 } };
  const goesOn = { point: { yellow: 20 }, stage: 'trim', predicted, value: 0.02, cost: 50, reason: 'Promises most.' };
  const poor = { predicted: { distance: { mean: 25, sd: 2 } }, value: 1e-9 };
  const givenUp = { experiment: id(2), reason: 'Promises next to nothing.', ...poor };
  add(5, { type: 'suggestions.requested', data: { ask: 2, count: 2 } });
  add(5, {
    type: 'suggestions.received',
    data: {
      ask: 2,
      suggestions: [{ ...goesOn, resumes: id(1) }, start],
      drops: [givenUp],
      model: { outcomes: [], links: links() },
    },
  });
  add(5, { type: 'experiment.dropped', data: givenUp });
  add(5, { type: 'experiment.resumed', data: { experiment: id(1), suggestion: { ...goesOn, resumes: id(1) } } });
  add(5, { type: 'experiment.provided', data: { experiment: id(1), reservations: [] } });
  suggest(5, 4, start);
  run(6, 7, 1, { stage: 'trim', step: 'top' });
  add(8, { type: 'experiment.observed', data: { experiment: id(1), stage: 'trim', observations: { distance: 3 } } });
  add(8, { type: 'experiment.completed', data: { experiment: id(1), objectives: { distance: 3 } } });
  run(8, 8.2, 2, { stage: 'trim', step: 'out', kind: 'move', device: 'arm' as never });
  add(8.3, { type: 'experiment.cleared', data: { experiment: id(2), reason: 'the sample is at rack' } });
  doubt();
  run(10, 100, 4, { stage: 'mix', step: 'dispense' });
  return { events: numbered(timed), assignments: [] };

  /** The arm does not know whether it carried sample 3 to another place; a person does. */
  function doubt(): void {
    const key = run(8.5, 100, 3, { stage: 'trim', step: 'shift', kind: 'move', device: 'arm' as never });
    const experiment = id(3);
    add(8.9, { type: 'command.ended', data: endOf(key, 'indeterminate') });
    add(8.9, { type: 'experiment.became_indeterminate', data: { experiment, key, reason: 'arm does not know' } });
    add(9.5, { type: 'command.resolved', data: { key, as: 'happened', by: 'person/ann' } });
    add(9.5, { type: 'experiment.resolved', data: { experiment, reason: 'person/ann: happened' } });
    add(9.5, { type: 'experiment.held', data: heldOf(experiment, 4) });
  }
}

const endOf = (key: Command['key'], outcome: 'ok' | 'indeterminate'): EventData<'command.ended'> => ({
  ...{ key, outcome, meters: [], source: 'device' },
  ...(outcome === 'ok' ? { consumed: [] } : {}),
});

const heldOf = (experiment: never, at: number): EventData<'experiment.held'> => ({
  ...{ experiment, stage: 'mix', place: 'rack' as never },
  until: origin + (at + 480) * minute,
  reason: 'mix is measured; what comes next is being decided',
});

function commandOf(experiment: never, key: string, what: Partial<Command>): Command {
  return {
    ...{ key: key as never, hash: 'h', experiment, stage: 'mix', step: 'dispense', attempt: 1, kind: 'process' },
    ...{ device: 'handler' as never, capability: what.kind === 'move' ? 'move' : 'dispense', parameters: {} },
    ...{ consumes: [], expected: { low: 50_000, typical: 55_000, high: 60_000 }, ttl: 60_000, deadline: 180_000 },
    retry: 'unsafe',
    ...(what.kind === 'move' ? { from: 'handler' as never, to: 'rack' as never } : {}),
    ...what,
  };
}

const links = () => [
  link('mix', 'shade', 'parameters', { parameters: -14 }),
  link('trim', 'distance', 'proxies', { proxies: -4, 'proxies and parameters': -4.3, parameters: -12.6 }),
];

function link(stage: string, output: string, inputs: 'proxies' | 'parameters', evidence: Record<string, number>) {
  return { stage, output, inputs, observations: 12, evidence, explained: 0.71 };
}
