import { describe, expect, it } from 'vitest';
import { referenceTasks, syntheticTasks } from './synthetic.ts';

describe.skipIf(referenceTasks === undefined)('benchmark functions (skipped where ../shared is absent)', () => {
  it.each(syntheticTasks)('$name has the values that its definition was checked with', ({ name, evaluate }) => {
    const { check } = referenceTasks![name]!;
    expect(check.length).toBeGreaterThan(2);
    for (const { u, value } of check) {
      const { values, constraints } = evaluate(u);
      const wanted = [value].flat(2) as number[];
      [...values, ...constraints].forEach((got, k) => expect(got).toBeCloseTo(wanted[k]!, 9));
    }
  });
});
