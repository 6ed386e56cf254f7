import { describe, expect, it } from 'vitest';
import { readPool } from './pools.ts';
import { snarValues } from './snar.ts';

describe('benchmark tables (skipped where ../shared is absent)', () => {
  const snar = readPool('snar_kinetics');

  it.skipIf(snar === undefined)('the simulated reaction agrees with the table integrated elsewhere', () => {
    snar!.designs.slice(0, 40).forEach((point, i) => {
      const { sty, e_factor } = snarValues(point);
      expect(Math.abs(sty / snar!.values[i]!['sty']! - 1)).toBeLessThan(1e-5);
      expect(Math.abs(e_factor / snar!.values[i]!['e_factor']! - 1)).toBeLessThan(1e-5);
    });
  });

  const arylation = readPool('direct_arylation');

  it.skipIf(arylation === undefined)('descriptors stand beside every level', () => {
    expect(arylation!.designs).toHaveLength(1728);
    for (const parameter of arylation!.parameters) {
      if (parameter.type !== 'categorical') continue;
      const sizes = new Set(parameter.levels.map((level) => parameter.descriptors![level]!.length));
      expect(sizes.size).toBe(1);
    }
  });
});
