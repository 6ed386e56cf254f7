import { describe, expect, it } from 'vitest';
import { kineticsYield, readCase } from '../../bench/warm-start/kinetics.ts';

const cases = [1, 2, 3, 4, 5].map((kind) => [kind, readCase(kind)] as const);

describe.skipIf(cases[0]![1] === undefined)('kinetics of the bench', () => {
  it.each(cases)('agrees with the tabled yields of case %i', (kind, data) => {
    const gaps = data!.map((datum) =>
      Math.abs(kineticsYield(kind, datum.point) - ('values' in datum ? datum.values['yield']! : NaN)),
    );
    expect(Math.max(...gaps)).toBeLessThan(1e-8);
  });
});
