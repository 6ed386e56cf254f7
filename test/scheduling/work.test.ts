import { describe, expect, it } from 'vitest';
import { stream } from '../../src/base/random.ts';
import { disjunctiveOf, selectionOf } from '../../src/scheduling/disjunctive.ts';
import { MachineMoves } from '../../src/scheduling/machine-moves.ts';
import { MachineOrders } from '../../src/scheduling/machine-orders.ts';
import type { SchedulingProblem } from '../../src/scheduling/model.ts';
import { NeighbourhoodSearch } from '../../src/scheduling/neighbourhood-search.ts';
import { makespanFirst } from '../../src/scheduling/objective.ts';
import { plan } from '../../src/scheduling/planner.ts';
import { Relinking } from '../../src/scheduling/relinking.ts';
import { lab, resource, sample, step } from './small-lab.ts';

/** A search can be left after every step, so that no step may be much work, however odd the lab: counted, not timed. */

const places = [
  resource('mixer', 'station'),
  resource('oven', 'batch', 2),
  resource('reader', 'station'),
  resource('store', 'rack', 9999),
];

/** Runs that take no time leave as many gaps between them as there are samples. */
function instantRuns(count: number, arms: number): SchedulingProblem {
  const steps = [
    step('mix', 'mixer', 0),
    step('heat', 'oven', 0),
    step('read', 'reader', 5000, { lag: { min: 0, max: 120_000 } }),
  ];
  const samples = Array.from({ length: count }, (_, i) => sample(`s${i}`, steps, { at: 'store', out: 'store' }));
  const problem = lab(places, samples);
  const transporters = Array.from({ length: arms }, (_, i) => `arm${i}`);
  return { ...problem, transport: { ...problem.transport!, transporters } };
}

function oneStation(count: number): SchedulingProblem {
  const samples = Array.from({ length: count }, (_, i) => sample(`s${i}`, [step('mix', 'mixer', 1000 + i)]));
  return { now: 0, resources: [resource('mixer', 'station')], samples };
}

describe('the work of a step', () => {
  it.each([1, 2, 3])('of large-neighbourhood search stays the same with many gaps, %d arms', (arms) => {
    const problem = instantRuns(600, arms);
    const search = new NeighbourhoodSearch(problem, plan(problem), 1, makespanFirst);
    for (let i = 0; i < 60; i++) {
      const before = search.looked;
      search.step();
      expect(search.looked - before).toBeLessThan(9000);
    }
    expect(search.looked).toBeGreaterThan(0);
  });

  it('of tabu search grows no faster than a block of operations', () => {
    const looksOf = (count: number) => {
      const problem = oneStation(count);
      const form = disjunctiveOf(problem)!;
      const orders = new MachineOrders(form);
      orders.load(selectionOf(problem, plan(problem))!);
      const moves = new MachineMoves(orders);
      let offers = 0;
      moves.offerAll(stream(1, 'moves'), () => (offers += 1));
      expect(offers).toBeGreaterThan(100);
      return moves.looked;
    };
    expect(looksOf(100)).toBeGreaterThan(10_000);
    expect(looksOf(2400)).toBeLessThan(100_000);
  });

  it('of tabu search is none where the plan is as short as can be', () => {
    const problem = oneStation(50);
    const made = plan(problem);
    const search = Relinking.of(problem, made, 1)!;
    expect(search.step()).toBe(false);
    expect(search.plan).toBe(made);
  });
});
