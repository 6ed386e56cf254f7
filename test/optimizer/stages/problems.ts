import { stream } from '../../../src/base/random.ts';
import type { StagedProblem, StagedRow } from '../../../src/optimizer/stages/staged.ts';

const unit = (name: string) => ({ name, type: 'continuous', min: 0, max: 1 }) as const;

/** Two stages with one parameter and one proxy; `cost` of the first, 1 of the second. */
export const twoStages = (cost = 0.05): StagedProblem => ({
  stages: [
    {
      ...{ id: 'make', space: { parameters: [unit('a')], constraints: [] }, outputs: [{ name: 'colour' }] },
      ...{ after: [], cost: { base: cost } },
    },
    {
      ...{ id: 'measure', space: { parameters: [unit('b')], constraints: [] }, outputs: [{ name: 'yield' }] },
      ...{ after: ['make'], cost: { base: 1 } },
    },
  ],
  objectives: [{ name: 'yield', goal: 'maximize' }],
});

export const colourOf = (a: number): number => Math.sin(5 * a) + 0.5 * Math.cos(11 * a);
export const yieldOf = (colour: number, b: number): number => colour - 2 * (b - 0.6 - 0.2 * colour) ** 2;

/** `full` complete samples and `part` that stand after the first stage; the proxy may be noise instead. */
export function twoStageRows(full: number, part: number, seed: number, noise = false): StagedRow[] {
  const random = stream(seed, 'test/stages');
  return Array.from({ length: full + part }, (_, i): StagedRow => {
    const [a, b] = [random.next(), random.next()];
    const colour = colourOf(a);
    const shown = noise ? random.next() : colour;
    const make = { parameters: { a }, outputs: { colour: shown } };
    if (i >= full) return { sample: `s${i}`, stages: { make } };
    return {
      sample: `s${i}`,
      stages: { make, measure: { parameters: { b }, outputs: { yield: yieldOf(colour, b) } } },
    };
  });
}

/** A graph that is no chain: two independent preparations meet in a last stage; one parameter is a category. */
export const diamond: StagedProblem = {
  stages: [
    {
      id: 'join',
      space: { parameters: [], constraints: [] },
      outputs: [{ name: 'strength' }],
      after: ['left', 'right'],
      cost: { base: 5 },
    },
    {
      id: 'left',
      space: { parameters: [{ name: 'solvent', type: 'categorical', levels: ['x', 'y', 'z'] }], constraints: [] },
      outputs: [{ name: 'p' }],
      after: [],
      cost: { base: 1, levels: { solvent: { y: 0.5 } } },
    },
    {
      id: 'right',
      space: {
        parameters: [unit('c'), unit('d')],
        constraints: [{ terms: { c: 1, d: 1 }, relation: '<=', bound: 1 }],
      },
      outputs: [{ name: 'q' }, { name: 'r' }],
      after: [],
      cost: { base: 2 },
    },
  ],
  objectives: [{ name: 'strength', goal: 'minimize' }],
};

export function diamondRows(full: number, seed: number): StagedRow[] {
  const random = stream(seed, 'test/diamond');
  return Array.from({ length: full + 4 }, (_, i): StagedRow => {
    const solvent = random.pick(['x', 'y', 'z']);
    const c = random.next();
    const d = (1 - c) * random.next();
    const [p, q, r] = ['xyz'.indexOf(solvent) / 2, c - d, c * d];
    const left = { parameters: { solvent }, outputs: { p } };
    const right = { parameters: { c, d }, outputs: { q, r } };
    if (i === full) return { sample: `s${i}`, stages: { left } };
    if (i === full + 1) return { sample: `s${i}`, stages: { right } };
    if (i > full + 1) return { sample: `s${i}`, stages: { left, right } };
    const join = { parameters: {}, outputs: { strength: (q - 0.3) ** 2 + r + (p - 0.5) ** 2 } };
    return { sample: `s${i}`, stages: { left, right, join } };
  });
}
