import { describe, expect, it } from 'vitest';
import type { LabEvent, NewEvent } from '../../src/domain/event.ts';
import type { LabView, Patch, Section } from '../../src/server/contract.ts';
import { campaignOf, progressOf } from '../../src/server/read-model/campaign.ts';
import { kept } from '../../src/server/read-model/model.ts';
import { applyEvent, createModel, patchSince, snapshotOf } from '../../src/server/read-model.ts';
import { statusView } from '../../src/server/status-view.ts';
import { numbered, opening, origin, writeScript } from './script.ts';

type Times = ReadonlyMap<string, { readonly start: number; readonly end: number }>;

function fold(events: readonly LabEvent[], model = createModel()) {
  for (const event of events) applyEvent(model, event);
  return model;
}

/** What a viewer holds after a patch: written here a second time, to check the server's account by another. */
function patched(view: LabView, patch: Patch): LabView {
  const sections = Object.fromEntries(
    (Object.keys(view.sections) as Section[]).map((name) => {
      const entities = new Map(view.sections[name].map((entity) => [entity.id, entity]));
      for (const entity of patch.put[name] ?? []) entities.set(entity.id, entity);
      for (const id of patch.removed[name] ?? []) entities.delete(id);
      return [name, [...entities.values()]];
    }),
  );
  return {
    ...view,
    seq: patch.to,
    sections: sections as never,
    log: [...view.log, ...patch.log].slice(-kept.log),
  };
}

describe('the read model of a finished campaign', () => {
  const script = writeScript({ fails: 6 });
  const model = fold(script.events);

  it('counts experiments by their status', () => {
    expect(progressOf(model)?.counts).toMatchObject({ completed: 23, failed: 1, running: 0, planned: 0 });
    expect(campaignOf(model)).toMatchObject({ id: 'colour-match', state: 'finished', outcome: 'completed' });
  });

  it('knows the best value so far and every result', () => {
    const values = [...model.sections.results.values()].map((result) => result.values['distance']!);
    expect(values).toHaveLength(23);
    expect(progressOf(model)?.best['distance']?.value).toBe(Math.min(...values));
  });

  it('has one bar per command with the times that the device told', () => {
    const bars = [...model.sections.bars.values()];
    expect(bars).toHaveLength(23 * 5 + 2);
    expect(bars.filter((bar) => bar.state === 'failed')).toHaveLength(1);
    const first = script.assignments[0]!;
    expect(bars[0]).toMatchObject({ device: 'arm', start: first.start + 20, end: first.end - 5, state: 'ok' });
  });

  it('has under every step when it was planned first, which no later plan and no restart changes', () => {
    const bars = [...model.sections.bars.values()].filter(({ number }) => number === 8);
    const scheduled = script.events.filter((event) => event.type === 'experiment.scheduled');
    const { steps } = scheduled.find(({ data }) => data.experiment.endsWith('8'))!.data;
    for (const { step, start, end } of steps)
      expect(bars.find((bar) => bar.step === step && bar.kind === 'process')).toMatchObject({
        planned: { start, end },
      });
    expect(bars.filter(({ kind }) => kind === 'move').every(({ planned }) => planned === undefined)).toBe(true);
    expect(fold(script.events.slice(0, 400)).firstPlans.size).toBeGreaterThan(0);
  });

  it('leaves no reservation behind and books what was dispensed', () => {
    const dispensed: Record<string, number> = {};
    for (const event of script.events)
      if (event.type === 'command.ended')
        for (const { material, amount } of event.data.consumed ?? [])
          dispensed[material] = (dispensed[material] ?? 0) + amount;
    for (const lot of model.sections.lots.values()) {
      expect(lot.reserved).toBeCloseTo(0, 15);
      expect(lot.used).toBeCloseTo(dispensed[lot.material] ?? 0, 15);
    }
    expect(model.reservations.size).toBe(0);
    expect(model.commands.size).toBe(0);
  });

  it('tells measured energy from modelled energy', () => {
    const totals = script.events.flatMap((event) => (event.type === 'meter.read' ? [event.data.total] : []));
    expect(model.sections.energy.get('handler')).toMatchObject({
      basis: 'measured',
      joules: totals.at(-1)! - totals[0]!,
    });
    const arm = model.sections.energy.get('arm')!;
    const hours = (script.events.at(-1)!.at - origin) / 1000;
    expect(arm.basis).toBe('modelled');
    expect(arm.joules).toBeGreaterThan(10 * hours);
    expect(arm.joules).toBeLessThan(80 * hours);
    expect(progressOf(model)?.money).toBeGreaterThan(0);
    expect(progressOf(model)?.co2eKg).toBeGreaterThan(0);
  });

  it('leaves every device idle', () => {
    for (const device of model.sections.devices.values()) expect(device.current).toEqual([]);
  });
});

describe('the read model of a changed campaign', () => {
  const script = writeScript({ experiments: 8 });
  const { campaign } = script.events.flatMap((event) => (event.type === 'campaign.opened' ? [event] : []))[0]!.data
    .definition;
  const [objective] = campaign.objectives;
  const changed = {
    ...campaign,
    objectives: [{ ...objective!, goal: 'target' as const, target: 100 }],
    batch: { size: 7, mode: 'rolling' as const },
  };
  const change: NewEvent = {
    type: 'campaign.changed',
    data: { by: 'ann', version: 2, change: { batch: { size: 7 } }, campaign: changed, elapsed: 1 },
  };
  const at = script.events.at(-1)!.at;
  const [event] = numbered([{ at, actor: 'person/ann', event: change }], script.events.length);
  const model = fold([...script.events, event!]);

  it('shows what it wants now, and what is the best by that', () => {
    expect(campaignOf(model)).toMatchObject({ version: 2, batch: { size: 7, mode: 'rolling' } });
    const values = [...model.sections.results.values()].map(({ values }) => values['distance']!);
    expect(progressOf(model)?.best['distance']?.value).toBe(Math.max(...values));
    expect(model.log.at(-1)).toMatchObject({
      text: 'Changed by ann (version 2): batch size 7',
      level: 'info',
    });
  });
});

describe('the status', () => {
  it('says how far the samples in the lab are behind their first plans, on average', () => {
    const { events } = writeScript();
    const model = fold(events.filter(({ seq }) => seq <= 60));
    const [[one, first], [two, second]] = [...model.firstPlans] as [[string, Times], [string, Times]];
    const later = (sample: string, plan: Times, ms: number) =>
      [...plan].map(([step, { start, end }]) => {
        return { sample, step, kind: 'process' as const, resource: 'reader', start: start + ms, end: end + ms };
      });
    const plan = [...later(one, first, 60_000), ...later(two, second, -20_000)];
    const status = { now: 0, plan, waiting: [], brokerConnected: true };
    const view = statusView(model, status);
    expect(view.behind).toBe(20_000);
    expect(view.plan[0]?.planned).toEqual([...first.values()][0]);
    expect(statusView(model, { ...status, plan: [] }).behind).toBeUndefined();
  });
});

describe('patches', () => {
  const { events } = writeScript({ fails: 6, indeterminate: 9 });

  it('bring any viewer to the snapshot, wherever it was', () => {
    for (const from of [0, 1, 17, 60, 200, 201, events.length]) {
      const model = fold(events.slice(0, from));
      const view = structuredClone(snapshotOf(model));
      fold(events.slice(from), model);
      const patch = patchSince(model, from)!;
      expect(sorted(patched({ ...view, ledger: model.ledger }, patch))).toEqual(sorted(snapshotOf(model)));
    }
  });

  it('hold only what has changed', () => {
    const model = fold(events.slice(0, 200));
    applyEvent(model, events[200]!);
    const { put } = patchSince(model, 200)!;
    expect(Object.values(put).flat().length).toBeLessThan(6);
    expect(put.campaign).toBeUndefined();
  });

  it('are refused to viewers that are ahead or too far behind', () => {
    const model = fold(events);
    expect(patchSince(model, model.seq + 1)).toBeUndefined();
    const ready = numbered(
      Array.from({ length: 3 * kept.changes }, () => ({
        at: events.at(-1)!.at,
        actor: 'device/arm',
        event: { type: 'device.changed', data: { device: 'arm' as never, state: 'ready', boot: 'b' } } as const,
      })),
      model.seq,
    );
    fold(ready, model);
    expect(patchSince(model, 10)).toBeUndefined();
    expect(patchSince(model, model.seq - 5)?.put.devices).toHaveLength(1);
    expect(model.changes.length).toBeLessThan(2 * kept.changes);
  });
});

const sorted = (view: LabView) => ({
  ...view,
  sections: Object.fromEntries(
    Object.entries<readonly { readonly id: string }[]>(view.sections).map(([name, entities]) => [
      name,
      [...entities].sort((a, b) => (a.id < b.id ? -1 : 1)),
    ]),
  ),
});

describe('a sample that has missed a limit of time', () => {
  const script = writeScript({ experiments: 4, finish: false });
  const experiment = [...fold(script.events).sections.experiments.keys()][0] as never;
  const at = script.events.at(-1)!.at;
  const reason = 'a maximum wait was missed: read began 75 s after the step before, 60 s are allowed';
  const late = (then: string) =>
    ({ type: 'experiment.late', data: { experiment, step: 'read', then, reason } }) as const;
  const go = { type: 'experiment.resolved', data: { experiment, reason: 'ann: continue' } } as const;
  const after = (...events: readonly NewEvent[]) => {
    const model = fold(script.events);
    return fold(
      numbered(
        events.map((event) => ({ at, actor: 'controller', event })),
        model.seq,
      ),
      model,
    );
  };

  it('waits for a person, with the figures, until there is an answer', () => {
    const asked = after(late('ask'));
    expect([...asked.sections.late.values()]).toEqual([{ id: experiment, number: 1, step: 'read', since: at, reason }]);
    expect(asked.sections.experiments.get(experiment)).toMatchObject({ status: 'indeterminate', reason });
    const answered = after(late('ask'), go);
    expect(answered.sections.late.size).toBe(0);
    expect(answered.sections.experiments.get(experiment)?.status).toBe('running');
  });

  it('goes on with the step that its protocol names', () => {
    const model = after(late('quench'));
    expect(model.sections.late.size).toBe(0);
    expect(model.log.at(-1)!.text).toBe(`Experiment 1 goes on with quench: ${reason}`);
  });
});

describe('a command of which nobody knows whether it happened', () => {
  const script = writeScript({ experiments: 4, indeterminate: 2, finish: false });
  const asked = () => fold(script.events);
  const word = (as: 'happened' | 'not_happened' | 'discard') => (model: ReturnType<typeof asked>) => {
    const { id: key } = [...model.sections.indeterminate.values()][0]!;
    const event = { type: 'command.resolved', data: { key: key as never, as, by: 'person/operator' } } as const;
    fold(numbered([{ at: script.events.at(-1)!.at, actor: 'person/operator', event }], model.seq), model);
    return model;
  };

  it('waits for a person with what the books will say in each reading', () => {
    const question = [...asked().sections.indeterminate.values()][0]!;
    expect(question).toMatchObject({ number: 2, device: 'handler', capability: 'dispense' });
    expect(question.readings.happened.books.map((amount) => amount.name)).toEqual([
      'Cyan dye',
      'Magenta dye',
      'Yellow dye',
    ]);
    expect(question.readings.not_happened.books).toEqual([]);
    expect(question.readings.discard.follows).toContain('discarded');
  });

  it('books the amounts only when it happened', () => {
    const before = asked().sections.lots.get('cyan/c-1')!;
    const happened = word('happened')(asked());
    const not = word('not_happened')(asked());
    const amount = before.reserved;
    expect(amount).toBeGreaterThan(0);
    expect(happened.sections.lots.get('cyan/c-1')?.used).toBeCloseTo(before.used + amount, 15);
    expect(not.sections.lots.get('cyan/c-1')).toMatchObject({ used: before.used, reserved: amount });
    expect(happened.sections.indeterminate.size + not.sections.indeterminate.size).toBe(0);
  });
});

it('believes the device that comes back over the person who decided before', () => {
  const script = writeScript({ experiments: 4, indeterminate: 2, finish: false });
  const model = fold(script.events);
  const key = [...model.sections.indeterminate.keys()][0] as never;
  const material = 'cyan' as never;
  const { used, reserved } = model.sections.lots.get('cyan/c-1')!;
  const after = (event: NewEvent) =>
    fold(numbered([{ at: script.events.at(-1)!.at, actor: 'x', event }], model.seq), model).sections.lots.get(
      'cyan/c-1',
    )!;
  const resolved = after({ type: 'command.resolved', data: { key, as: 'happened', by: 'operator' } });
  expect(resolved.used).toBeCloseTo(used + reserved, 15);
  const ended = { key, outcome: 'ok', meters: [], source: 'device', consumed: [{ material, amount: 5e-9 }] } as const;
  expect(
    after({ type: 'command.ended', data: { ...ended, meters: [], consumed: [...ended.consumed] } }).used,
  ).toBeCloseTo(used + 5e-9, 15);
});

describe('memory', () => {
  it('keeps a bounded part of a long campaign, and all of its results', () => {
    const model = fold(writeScript({ experiments: 2500 }).events);
    expect(model.sections.bars.size).toBe(kept.bars);
    expect(model.sections.experiments.size).toBe(kept.experiments);
    expect(model.sections.results.size).toBe(2500);
    expect(model.log).toHaveLength(kept.log);
    expect(model.commands.size + model.reservations.size).toBe(0);
  });

  it('tells every event in a sentence without its internals', () => {
    const model = fold(writeScript({ fails: 3, indeterminate: 4, experiments: 6 }).events);
    for (const { text } of model.log) expect(text).toMatch(/^[A-Za-z].*[^\s:]$/);
    for (const { text } of model.log) expect(text).not.toMatch(/undefined|NaN|\[object/);
  });

  it('survives events of a campaign that it has not seen open', () => {
    const model = fold(numbered(opening().slice(0, 1)));
    expect(() => fold(writeScript({ experiments: 1 }).events.slice(12), model)).not.toThrow();
  });
});
