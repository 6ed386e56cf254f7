import { describe, expect, test } from 'vitest';
import { unwrap } from '../../../src/base/failure.ts';
import { stream } from '../../../src/base/random.ts';
import { decide } from '../../../src/optimizer/stages/decide.ts';
import { compileNetwork, samplesOf } from '../../../src/optimizer/stages/network.ts';
import type { StagedRow } from '../../../src/optimizer/stages/staged.ts';
import { fitLinks } from '../../../src/optimizer/stages/surrogates.ts';
import { twoStageRows, twoStages } from './problems.ts';

const lastLink = (rows: readonly StagedRow[]) => {
  const network = compileNetwork(twoStages());
  return fitLinks(network, samplesOf(network, rows), stream(0, 'test/links'))!.at(-1)![0]!.report;
};

describe('the inputs of a link', () => {
  test('proxies that say more than the parameters are read', () => {
    for (const seed of [1, 2, 3]) {
      const { inputs, evidence, explained } = lastLink(twoStageRows(25, 0, seed));
      expect(inputs).toBe('proxies');
      expect(evidence.proxies!).toBeGreaterThan(evidence.parameters!);
      expect(explained).toBeGreaterThan(0.9);
    }
  });

  test('proxies that are pure noise are not', () => {
    for (const seed of [1, 2, 3]) expect(lastLink(twoStageRows(25, 0, seed, true)).inputs).toBe('parameters');
  });

  test('the answer tells them, with the evidence of every choice', () => {
    const { model } = unwrap(decide(twoStages(), twoStageRows(12, 2, 4), [], { seed: 0, count: 1, initial: 0 }));
    expect(model.links.map(({ stage, output }) => `${stage}/${output}`)).toEqual(['make/colour', 'measure/yield']);
    expect(Object.keys(model.links[1]!.evidence).sort()).toEqual(['parameters', 'proxies', 'proxies and parameters']);
    expect(model.links[0]!.observations).toBe(14);
    expect(model.links[1]!.observations).toBe(12);
  });

  test('a stage that ran alone teaches its link and is no candidate', () => {
    const rows = twoStageRows(20, 0, 5);
    const alone = Array.from({ length: 4 }, (_, i): StagedRow => {
      const inputs = { colour: 1.1 + 0.1 * i };
      const measure = { parameters: { b: 0.8 }, outputs: { yield: 50 }, inputs };
      return { sample: `alone-${i}`, stages: { measure } };
    });
    expect(lastLink([...rows, ...alone]).observations).toBe(24);
    const { decisions } = unwrap(decide(twoStages(), [...rows, ...alone], [], { seed: 0, count: 2, initial: 0 }));
    for (const { sample } of decisions) expect(sample).not.toMatch(/^alone/);
  });
});
