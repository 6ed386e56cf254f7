import { describe, expect, it } from 'vitest';
import type { NewEvent } from '../../src/domain/event.ts';
import { campaignOf, progressOf } from '../../src/server/read-model/campaign.ts';
import { applyEvent, createModel, patchSince, snapshotOf } from '../../src/server/read-model.ts';
import { fromSnapshot, patched } from '../../src/web/store.ts';
import { numbered, origin } from './script.ts';
import { stagedScript } from './staged-script.ts';

const { events } = stagedScript();
const minute = 60_000;

function modelAt(minutes = Infinity) {
  const model = createModel();
  for (const event of events) if (event.at <= origin + minutes * minute) applyEvent(model, event);
  return model;
}

const experiment = (number: number, minutes?: number) => modelAt(minutes).sections.experiments.get(`e-000${number}`)!;

describe('the read model of stages decided one after the other', () => {
  it('counts held and dropped samples, and calls neither a failure', () => {
    const { counts } = progressOf(modelAt())!;
    expect(counts).toMatchObject({ completed: 1, dropped: 1, held: 1, running: 1, failed: 0, indeterminate: 0 });
    expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(4);
  });

  it('knows the legs with their parameters and outputs', () => {
    expect(campaignOf(modelAt())?.legs).toEqual([
      { id: 'mix', parameters: ['cyan', 'magenta'], outputs: ['shade'] },
      { id: 'trim', parameters: ['yellow'], outputs: ['distance'] },
    ]);
  });

  it('keeps every decision with what was predicted, its value, cost and reason', () => {
    const { decisions, observations, point } = experiment(1);
    expect(decisions.map(({ kind, stage, at }) => [kind, stage, (at - origin) / minute])).toEqual([
      ['start', 'mix', 0.1],
      ['hold', 'mix', 2],
      ['resume', 'trim', 5],
    ]);
    expect(decisions[2]).toMatchObject({
      predicted: { distance: { mean: 4, sd: 1.5 } },
      value: 0.02,
      cost: 50,
      reason: 'Promises most.',
    });
    expect(observations).toEqual({ mix: { shade: 0.1 }, trim: { distance: 3 } });
    expect(point).toEqual({ cyan: 40, magenta: 60, yellow: 20 });
    const dropped = experiment(2);
    expect([dropped.status, dropped.reason]).toEqual(['dropped', 'Promises next to nothing.']);
    const predicted = { distance: { mean: 25, sd: 2 } };
    expect(dropped.decisions.at(-1)).toMatchObject({ kind: 'drop', reason: 'Promises next to nothing.', predicted });
  });

  it('leaves a sample held while it is carried to its place, and tells where and until when it waits', () => {
    for (const minutes of [4, 4.2, 8, 9.6]) {
      const { status, decisions } = experiment(3, minutes);
      expect(status).toBe('held');
      expect(decisions.at(-1)).toMatchObject({ kind: 'hold', place: 'rack', until: origin + 484 * minute });
    }
  });

  it('counts the wait of a sample that was in doubt from its beginning, and only once', () => {
    expect(experiment(3, 9).status).toBe('indeterminate');
    const [question] = modelAt(9).sections.indeterminate.values();
    expect(question!.readings.happened.follows).toBe(
      'Its sample counts as being at rack, and experiment 3 waits there for its decision.',
    );
    const { decisions } = experiment(3);
    expect(decisions.map(({ kind }) => kind)).toEqual(['start', 'hold']);
    expect(decisions[1]!.at).toBe(origin + 4 * minute);
  });

  it('shows the links of the last answer, and none of another problem', () => {
    const model = modelAt();
    expect([...model.sections.links.keys()]).toEqual(['mix/shade', 'trim/distance']);
    const answer = (data: object) =>
      applyEvent(
        model,
        numbered(
          [{ at: origin, actor: 'x', event: { type: 'suggestions.received', data } as NewEvent }],
          model.seq,
        )[0]!,
      );
    answer({ ask: 3, suggestions: [] });
    expect(model.sections.links.size).toBe(2);
    const [first] = model.sections.links.values();
    answer({ ask: 4, suggestions: [], model: { outcomes: [], links: [{ ...first, observations: 13 }] } });
    expect([...model.sections.links.values()].map(({ observations }) => observations)).toEqual([13]);
  });

  it('is the same after any interruption', () => {
    for (let from = 0; from <= events.length; from += 7) {
      const model = createModel();
      for (const event of events.slice(0, from)) applyEvent(model, event);
      const view = fromSnapshot(structuredClone(snapshotOf(model)));
      for (const event of events.slice(from)) applyEvent(model, event);
      const caughtUp = patched(view, structuredClone(patchSince(model, from)!));
      expect(caughtUp.known).toEqual(fromSnapshot(snapshotOf(model)).known);
    }
  });

  it('tells what was decided in the log', () => {
    const texts = modelAt().log.map(({ text }) => text);
    expect(texts).toContain('Decided: 1 to start, 1 to go on, 1 to drop');
    expect(texts).toContain('Experiment 1 goes on with trim: Promises most');
    expect(texts).toContain('Experiment 2 dropped: Promises next to nothing');
    for (const text of texts) expect(text).not.toMatch(/undefined|NaN|\[object/);
  });
});
