import { expect, test } from 'vitest';
import { stream } from '../../../src/base/random.ts';
import { fitGp } from '../../../src/optimizer/fit.ts';
import { compileSpace } from '../../../src/optimizer/space.ts';
import { fitProcess } from '../../../src/optimizer/stages/fit-process.ts';

function training(descriptors?: Record<string, readonly number[]>) {
  const random = stream(3, 'test/fit-process');
  const space = compileSpace({
    parameters: [
      { name: 'a', type: 'continuous', min: 0, max: 1 },
      { name: 'kind', type: 'categorical', levels: ['p', 'q', 'r'], ...(descriptors && { descriptors }) },
    ],
    constraints: [],
    objectives: [],
  });
  const points = Array.from({ length: 20 }, (_, i) => Float64Array.of(random.next(), i % 3));
  return {
    ...{ space, points },
    y: Float64Array.from(points, ([a, kind]) => Math.sin(4 * a!) + kind! + 0.1 * random.normal()),
    noise: new Float64Array(20).fill(NaN),
  };
}

const settingsOf = (given: ReturnType<typeof training>) => fitProcess(given)!.settings;

test('a fit that is asked for again is the one of the first time', () => {
  const anew = fitGp(training(), 'matern52')!;
  for (let i = 0; i < 2; i++) {
    const again = fitProcess(training())!;
    expect(again.settings).toEqual(anew.settings);
    expect(again.alpha).toEqual(anew.alpha);
  }
});

test('whatever a fit depends on gives another', () => {
  const usual = settingsOf(training());
  const moved = training();
  moved.points[7]![0]! += 1e-9;
  const higher = training();
  higher.y[7]! += 0.2;
  const known = training();
  known.noise.fill(0.01);
  const others = [higher, known, training({ p: [1], q: [2], r: [7] })].map(settingsOf);
  for (const other of others) expect(other).not.toEqual(usual);
  expect(fitProcess(moved)!.packed).not.toEqual(fitProcess(training())!.packed);
});
