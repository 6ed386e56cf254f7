import { describe, expect, test } from 'vitest';
import { unwrap } from '../../../src/base/failure.ts';
import { decide } from '../../../src/optimizer/stages/decide.ts';
import type { StagedRow } from '../../../src/optimizer/stages/staged.ts';
import { twoStageRows, twoStages } from './problems.ts';

/** Rows as those of an earlier campaign, whose final values mean something else. */
const earlier = (rows: readonly StagedRow[], change: (value: number) => number = (value) => value): StagedRow[] =>
  rows.map(({ sample, stages }) => {
    const last = stages['measure'];
    const changed = last && { measure: { ...last, outputs: { yield: change(last.outputs['yield']!) } } };
    return { sample: `before/${sample}`, stages: { ...stages, ...changed }, source: 'before' };
  });

const ask = (rows: readonly StagedRow[], seed = 1, count = 2) =>
  unwrap(decide(twoStages(), rows, [], { seed, count, initial: 6 }));
const trusted = (rows: readonly StagedRow[]) =>
  Object.fromEntries(ask(rows).model.links.map(({ output, sources }) => [output, sources]));

describe('an earlier campaign', () => {
  const before = twoStageRows(16, 4, 21);

  test('spares the initial design: the model decides from the first sample on', () => {
    const { decisions } = ask(earlier(before));
    expect(decisions.map(({ kind }) => kind)).toEqual(['start', 'start']);
    for (const { predicted, reason } of decisions) {
      expect(predicted).toBeDefined();
      expect(reason).not.toMatch(/Initial design/);
    }
    expect(decisions[0]!.parameters).not.toEqual(decisions[1]!.parameters);
  });

  test('is never resumed, however many of its samples were left half-way', () => {
    const { decisions } = ask(earlier(before), 3, 6);
    expect(decisions.every(({ kind }) => kind === 'start')).toBe(true);
  });

  test('is learned from while it agrees with what is measured', () => {
    const own = twoStageRows(8, 0, 22);
    expect(trusted([...own, ...earlier(before)])).toEqual({ colour: ['before'], yield: ['before'] });
  });

  test('whose final values are turned over or drawn by lot is not, but its proxies are', () => {
    const own = twoStageRows(8, 0, 22);
    expect(trusted([...own, ...earlier(before, (value) => -value)])['yield']).toEqual([]);
    const lots = before.map(({ stages }) => stages['measure']?.outputs['yield'] ?? 0).reverse();
    let next = 0;
    const drawn = trusted([...own, ...earlier(before, () => lots[next++ % lots.length]!)]);
    expect(drawn).toEqual({ colour: ['before'], yield: [] });
  });

  test('that is not trusted leaves the initial design to go on', () => {
    const own = twoStageRows(4, 0, 22);
    const { decisions } = ask([...own, ...earlier(before, (value) => -value)]);
    expect(decisions[0]!.reason).toMatch(/Initial design/);
  });

  test('of which nothing is known changes nothing', () => {
    const own = twoStageRows(8, 3, 22);
    expect(ask(own).model.links.every(({ sources }) => sources === undefined)).toBe(true);
  });
});
