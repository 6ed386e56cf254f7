import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { unwrap } from '../../../src/base/failure.ts';
import { decide } from '../../../src/optimizer/stages/decide.ts';
import { recommend } from '../../../src/optimizer/stages/recommend.ts';
import type { PendingStage, StagedRow } from '../../../src/optimizer/stages/staged.ts';
import { colourOf, diamond, diamondRows, twoStageRows, twoStages, yieldOf } from './problems.ts';

const ask = (rows: readonly StagedRow[], more: { pending?: PendingStage[]; count?: number; cost?: number } = {}) =>
  unwrap(decide(twoStages(more.cost), rows, more.pending ?? [], { seed: 1, count: more.count ?? 1, initial: 0 }));

describe('what is decided', () => {
  test('lies in the space and concerns samples that can go on', () => {
    const seeds = fc.record({ seed: fc.integer({ min: 0, max: 1000 }), full: fc.integer({ min: 3, max: 8 }) });
    fc.assert(
      fc.property(seeds, ({ seed, full }) => {
        const rows = diamondRows(full, seed);
        const flying = rows.at(-1)!.sample;
        const pending = [{ sample: flying, stage: 'join', parameters: {} }];
        const { decisions } = unwrap(decide(diamond, rows, pending, { seed, count: 3, initial: 0, places: 2 }));
        const active = decisions.filter(({ kind }) => kind !== 'drop');
        expect(active).toHaveLength(3);
        for (const { kind, sample, stage, parameters, cost } of decisions) {
          const row = rows.find((other) => other.sample === sample);
          if (kind === 'start') expect(row).toBeUndefined();
          else {
            expect(row).toBeDefined();
            expect(sample).not.toBe(flying);
            expect(row!.stages['join']).toBeUndefined();
            expect(row!.stages[stage]).toBeUndefined();
          }
          if (kind === 'drop') continue;
          expect(cost).toBeGreaterThan(0);
          if (stage === 'left') expect(['x', 'y', 'z']).toContain(parameters['solvent']);
          if (stage === 'right')
            expect(Number(parameters['c']) + Number(parameters['d'])).toBeLessThanOrEqual(1 + 1e-9);
          if (stage === 'join') expect(Object.keys(row!.stages).sort()).toEqual(['left', 'right']);
        }
        expect(new Set(active.map(({ sample, stage }) => `${sample}/${stage}`)).size).toBe(3);
      }),
      { numRuns: 6 },
    );
  });

  test('depends neither on the order of the rows nor on anything but the arguments', () => {
    const rows = twoStageRows(8, 4, 3);
    const first = ask(rows, { count: 2 });
    expect(ask([...rows].reverse(), { count: 2 })).toEqual(first);
    expect(JSON.parse(JSON.stringify(first))).toEqual(first);
  });

  test('closed samples are never resumed', () => {
    const rows = twoStageRows(6, 3, 4).map((row) => ({ ...row, closed: true }));
    const { decisions } = ask(rows, { count: 3 });
    expect(decisions.map(({ kind }) => kind)).toEqual(['start', 'start', 'start']);
  });

  test('a held sample with a good proxy goes on, one with a bad proxy waits', () => {
    const full = twoStageRows(14, 0, 5);
    const held = (sample: string, a: number): StagedRow => ({
      sample,
      stages: { make: { parameters: { a }, outputs: { colour: colourOf(a) } } },
    });
    // The first stage is nearly as dear as the second, so that a new sample does not pay.
    const { decisions } = ask([...full, held('bad', 0.9), held('good', 0.5)], { cost: 0.9 });
    expect(decisions.filter(({ kind }) => kind !== 'drop')[0]).toMatchObject({ kind: 'resume', sample: 'good' });
  });

  test('places run out: the least promising held sample is dropped', () => {
    const rows = twoStageRows(10, 4, 6);
    const options = { seed: 1, count: 1, initial: 0, places: 2 };
    const { decisions } = unwrap(decide(twoStages(), rows, [], options));
    const given = decisions.filter(({ kind }) => kind === 'drop');
    const drops = given.length;
    const [action] = decisions.filter(({ kind }) => kind !== 'drop');
    expect(4 - drops - (action!.kind === 'resume' ? 1 : 0) + (action!.kind === 'start' ? 1 : 0)).toBeLessThanOrEqual(2);
    for (const { value, predicted } of given) {
      expect(value).toBeLessThanOrEqual(action!.value!);
      expect(predicted!.sd).toBeGreaterThan(0);
    }
  });

  describe('the limit of new samples', () => {
    const limited = (rows: readonly StagedRow[], starts: number, more: { initial?: number; count?: number } = {}) => {
      const options = { seed: 1, count: 4, initial: 0, starts, ...more };
      const { decisions } = unwrap(decide(twoStages(), rows, [], options));
      return decisions.filter(({ kind }) => kind !== 'drop');
    };
    const kinds = (decisions: ReturnType<typeof limited>) => decisions.map(({ kind }) => kind).sort();

    test('at 0 lets held samples go on and starts none', () => {
      const rows = twoStageRows(8, 2, 3);
      const decisions = limited(rows, 0);
      expect(kinds(decisions)).toEqual(['resume', 'resume']);
      expect(new Set(decisions.map(({ sample }) => sample)).size).toBe(2);
      for (const { reason } of decisions) expect(reason).toContain('no new sample may be started');
      expect(limited(twoStageRows(8, 0, 3), 0)).toEqual([]);
    });

    test('bounds the starts of one answer', () => {
      for (const starts of [1, 2]) {
        const decisions = limited(twoStageRows(8, 1, 4), starts);
        expect(decisions).toHaveLength(starts + 1);
        expect(decisions.filter(({ kind }) => kind === 'start')).toHaveLength(starts);
      }
      expect(limited(twoStageRows(8, 0, 4), 4)).toEqual(limited(twoStageRows(8, 0, 4), 100));
    });

    test('holds while the initial design is drawn: what is held of it goes on', () => {
      const design = { initial: 10 };
      expect(kinds(limited(twoStageRows(0, 3, 5), 0, design))).toEqual(['resume', 'resume', 'resume']);
      expect(kinds(limited(twoStageRows(1, 1, 5), 1, design))).toEqual(['resume', 'start']);
      expect(limited([], 0, design)).toEqual([]);
      expect(kinds(limited([], 2, design))).toEqual(['start', 'start']);
      expect(limited(twoStageRows(3, 0, 5), 0, design)).toEqual([]);
    });
  });

  test('four in flight are four different experiments', () => {
    const { decisions } = ask(twoStageRows(8, 0, 7), { count: 4 });
    const points = decisions.map(({ parameters }) => Number(parameters['a'])).sort((a, b) => a - b);
    expect(points).toHaveLength(4);
    for (let i = 1; i < 4; i++) expect(points[i]! - points[i - 1]!).toBeGreaterThan(1e-4);
  });

  test('the cheaper the first stage, the more samples are started before one goes on', () => {
    const startsBefore = (cost: number): number => {
      const rows = twoStageRows(14, 0, 8);
      for (let n = 0; n < 12; n++) {
        const [decision] = ask(rows, { cost }).decisions.filter(({ kind }) => kind !== 'drop');
        if (decision!.kind === 'resume') return n;
        const a = Number(decision!.parameters['a']);
        rows.push({ sample: `n${n}`, stages: { make: { parameters: { a }, outputs: { colour: colourOf(a) } } } });
      }
      return 12;
    };
    expect(startsBefore(0.002)).toBeGreaterThan(startsBefore(2));
  });

  test('the initial design carries samples through before the model decides', () => {
    const problem = twoStages();
    const start = unwrap(decide(problem, [], [], { seed: 2, count: 3 })).decisions;
    expect(start.map(({ kind, stage }) => `${kind} ${stage}`)).toEqual(Array(3).fill('start make'));
    expect(new Set(start.map(({ sample }) => sample)).size).toBe(3);
    const [held] = twoStageRows(0, 1, 1);
    const [next] = unwrap(decide(problem, [held!], [], { seed: 2, count: 1 })).decisions;
    expect(next).toMatchObject({ kind: 'resume', sample: held!.sample, stage: 'measure' });
    expect(next!.reason).toContain('Initial design');
  });

  test('a remembered model spares fits and is the same while nothing is new', () => {
    const rows = twoStageRows(10, 3, 9);
    const { model } = ask(rows);
    const again = unwrap(decide(twoStages(), rows, [], { seed: 1, count: 1, initial: 0, model }));
    expect(again.model.links.map(({ inputs }) => inputs)).toEqual(model.links.map(({ inputs }) => inputs));
    expect(again.model.links.map(({ evidence }) => evidence)).toEqual(model.links.map(({ evidence }) => evidence));
  });

  test('a last stage that can run alone does so where that teaches most', () => {
    const [make, measure] = twoStages(50).stages;
    // New samples are dear, and held ones there are none; what is not known is the second stage.
    const problem = { ...twoStages(), stages: [make!, { ...measure!, alone: { colour: { min: -1.5, max: 1.5 } } }] };
    const rows = twoStageRows(10, 30, 11).map((row) => ({ ...row, closed: true }));
    const { decisions } = unwrap(decide(problem, rows, [], { seed: 1, count: 2, initial: 0 }));
    expect(decisions).toHaveLength(2);
    const [first] = decisions;
    expect(first).toMatchObject({ kind: 'start', stage: 'measure', cost: 1 });
    expect(Math.abs(first!.inputs!['colour']!)).toBeLessThanOrEqual(1.5);
    expect(first!.parameters['b']).toBeTypeOf('number');
    // Its pending form is understood again, and so is its result.
    const { sample, stage, inputs, parameters } = first!;
    const pending = [{ sample, stage, parameters, inputs: inputs! }];
    expect(decide(problem, rows, pending, { seed: 1, count: 1, initial: 0 }).ok).toBe(true);
  });

  test('several objectives of the last stage are joined', () => {
    const [make, measure] = twoStages().stages;
    const outputs = [{ name: 'yield' }, { name: 'waste' }];
    const problem = {
      stages: [make!, { ...measure!, outputs }],
      objectives: [
        { name: 'yield', goal: 'maximize' },
        { name: 'waste', goal: 'minimize' },
      ] as const,
    };
    const rows = twoStageRows(8, 2, 10).map(({ sample, stages }): StagedRow => {
      const last = stages['measure'];
      if (last === undefined) return { sample, stages };
      return {
        sample,
        stages: { ...stages, measure: { ...last, outputs: { ...last.outputs, waste: Number(last.parameters['b']) } } },
      };
    });
    const { decisions, model } = unwrap(decide(problem, rows, [], { seed: 1, count: 1, initial: 0 }));
    expect(decisions.some(({ kind }) => kind !== 'drop')).toBe(true);
    expect(model.links.at(-1)!.output).toBe('yield and waste');
  });
});

test('the recommended design is near the best', () => {
  const { parameters } = unwrap(recommend(twoStages(), twoStageRows(30, 20, 11), { seed: 0 }));
  const colour = colourOf(Number(parameters['make']!['a']));
  const grid = Array.from({ length: 1001 }, (_, i) => colourOf(i / 1000));
  const best = Math.max(...grid.map((value) => Math.max(...grid.map((_, j) => yieldOf(value, j / 1000)))));
  expect(yieldOf(colour, Number(parameters['measure']!['b']))).toBeGreaterThan(best - 0.1);
});

test('stages may be tables, grids and constrained spaces', () => {
  const [make, measure] = twoStages().stages;
  const designs = [0.1, 0.3, 0.5, 0.7, 0.9].map((a) => ({ a }));
  const levels = [0, 0.25, 0.5, 0.75, 1];
  const problem = {
    ...twoStages(),
    stages: [
      { ...make!, space: { ...make!.space, designs } },
      { ...measure!, space: { parameters: [{ name: 'b', type: 'ordinal', levels } as const], constraints: [] } },
    ],
  };
  const rows = designs.map(({ a }, i): StagedRow => {
    const colour = colourOf(a);
    const done = { parameters: { b: levels[i]! }, outputs: { yield: yieldOf(colour, levels[i]!) } };
    return {
      sample: `s${i}`,
      stages: { make: { parameters: { a }, outputs: { colour } }, ...(i < 4 ? { measure: done } : {}) },
    };
  });
  const { decisions } = unwrap(decide(problem, rows, [], { seed: 3, count: 4, initial: 0 }));
  for (const { kind, stage, parameters } of decisions) {
    if (kind === 'drop') continue;
    if (stage === 'make') expect(designs).toContainEqual(parameters);
    else expect(levels).toContain(parameters['b']);
  }
  const { parameters } = unwrap(recommend(problem, rows, { seed: 3 }));
  expect(designs).toContainEqual(parameters['make']);
  expect(levels).toContain(parameters['measure']!['b']);
});
