import { expect, test } from 'vitest';
import { decide } from '../../../src/optimizer/stages/decide.ts';
import type { PendingStage, StagedProblem, StagedRow } from '../../../src/optimizer/stages/staged.ts';
import { twoStageRows, twoStages } from './problems.ts';

const [make, measure] = twoStages().stages as [StagedProblem['stages'][number], StagedProblem['stages'][number]];
const objectives = twoStages().objectives;
const [complete, held] = twoStageRows(1, 1, 1) as [StagedRow, StagedRow];

const wrong: readonly {
  readonly why: RegExp;
  readonly problem?: StagedProblem;
  readonly rows?: readonly StagedRow[];
  readonly pending?: readonly PendingStage[];
  readonly count?: number;
  readonly starts?: number;
}[] = [
  { why: /count of decisions/, count: 0 },
  { why: /limit of new samples/, starts: -1 },
  { why: /limit of new samples/, starts: 0.5 },
  { why: /two stages called/, problem: { stages: [make, make], objectives } },
  { why: /unknown "nowhere"/, problem: { stages: [make, { ...measure, after: ['nowhere'] }], objectives } },
  { why: /comes after itself/, problem: { stages: [{ ...make, after: ['measure'] }, measure], objectives } },
  { why: /names two/, problem: { stages: [make, { ...measure, outputs: [{ name: 'colour' }] }], objectives } },
  { why: /no objective/, problem: { stages: [make, measure], objectives: [] } },
  { why: /No one stage/, problem: { stages: [make, measure], objectives: [{ name: 'taste', goal: 'maximize' }] } },
  { why: /target/, problem: { stages: [make, measure], objectives: [{ name: 'yield', goal: 'target' }] } },
  { why: /cost of 0/, problem: { stages: [{ ...make, cost: { base: 0 } }, measure], objectives } },
  {
    why: /takes 0 samples/,
    problem: { stages: [make, { ...measure, shared: { capacity: 0, parameters: ['b'] } }], objectives },
  },
  {
    why: /share an unknown "heat"/,
    problem: { stages: [make, { ...measure, shared: { capacity: 4, parameters: ['heat'] } }], objectives },
  },
  { why: /two rows of sample/, rows: [held, held] },
  { why: /unknown stage "paint"/, rows: [{ sample: 's', stages: { paint: { parameters: {}, outputs: {} } } }] },
  {
    why: /lacks a number for "colour"/,
    rows: [{ sample: 's', stages: { make: { parameters: { a: 0.5 }, outputs: {} } } }],
  },
  { why: /not "make" before it/, rows: [{ sample: 's', stages: { measure: complete.stages['measure']! } }] },
  {
    why: /which it has finished/,
    rows: [held],
    pending: [{ sample: held.sample, stage: 'make', parameters: { a: 0.1 } }],
  },
  { why: /before "make"/, pending: [{ sample: 'new', stage: 'measure', parameters: { b: 0.1 } }] },
  { why: /Stage "make"/, pending: [{ sample: 'new', stage: 'make', parameters: { a: 'blue' } }] },
];

for (const { why, problem = twoStages(), rows = [], pending = [], count = 1, starts } of wrong) {
  test(`refuses what makes no sense: ${why.source}`, () => {
    const answer = decide(problem, rows, pending, { seed: 0, count, ...(starts === undefined ? {} : { starts }) });
    expect(answer.ok).toBe(false);
    if (answer.ok) return;
    expect(answer.failure.code).toBe('input.invalid');
    expect(answer.failure.message).toMatch(why);
    expect(answer.failure.mend).toBeTruthy();
  });
}
