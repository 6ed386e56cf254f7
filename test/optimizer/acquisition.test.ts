import { describe, expect, it } from 'vitest';
import { stream } from '../../src/base/random.ts';
import { Acquisition, type Goal, makeScene } from '../../src/optimizer/acquisition.ts';
import { Belief } from '../../src/optimizer/belief.ts';
import { fitClassifier } from '../../src/optimizer/classifier.ts';
import { type Gp, fitGp } from '../../src/optimizer/fit.ts';
import { boundGate, successGate } from '../../src/optimizer/gates.ts';
import { factorize } from '../../src/optimizer/likelihood.ts';
import { logImprovement } from '../../src/optimizer/special.ts';
import { compileSpace, modelPoint } from '../../src/optimizer/space.ts';
import { type GpReference, readReference, trainingOf } from './reference.ts';

const space = compileSpace({
  parameters: [
    { name: 'a', type: 'continuous', min: 1, max: 100, scale: 'log' },
    { name: 'b', type: 'continuous', min: 0, max: 1 },
    { name: 'c', type: 'categorical', levels: ['x', 'y'] },
  ],
  constraints: [{ terms: { a: 1, b: 10 }, relation: '<=', bound: 105 }],
  objectives: [{ name: 'y', goal: 'maximize' }],
});
const random = stream(5, 'test/acquisition');
const points = Array.from({ length: 15 }, () => Float64Array.of(random.next(), random.next(), random.integer(2)));

function gpOf(f: (x: Float64Array) => number): Gp {
  return fitGp({ space, points, y: Float64Array.from(points, f), noise: new Float64Array(15).fill(NaN) }, 'matern52')!;
}
const first = gpOf(([a, b, c]) => Math.sin(4 * a!) + b! - 0.5 * c!);
const second = gpOf(([a, b]) => 1 - 2 * a! * b!);
const pending = [Float64Array.of(0.3, 0.8, 1), Float64Array.of(0.9, 0.1, 0)];

function goalsOf(...gps: readonly { gp: Gp; target?: number }[]): Goal[] {
  return gps.map(({ gp, ...rest }) => {
    const belief = new Belief(gp, 2);
    pending.forEach((x) => belief.add(x));
    return { belief, ...rest };
  });
}

const scenes = (goals: readonly Goal[], front: number[][], reference: number[]) =>
  [0, 1, 2].map((s) => {
    const draws = goals.map((_, m) => Float64Array.of(0.3 * s - 0.5, 0.7 - 0.4 * m * s));
    const rows = front.map((row) => Float64Array.from(row, (value) => value + 0.1 * s));
    return makeScene(rows, Float64Array.from(reference), draws);
  });

describe('the acquisition', () => {
  const labels = Float64Array.from(points, ([a]) => (a! > 0.7 ? -1 : 1));
  const gates = [
    boundGate(new Belief(second, 0), 0.2, 1),
    boundGate(new Belief(first, 0), -0.2, -1),
    successGate(fitClassifier(space, points, labels)),
  ];
  const one = goalsOf({ gp: first });
  const target = goalsOf({ gp: first, target: 0.3 });
  const two = goalsOf({ gp: first }, { gp: second, target: 0.4 });
  const cases: [string, Acquisition][] = [
    ['one objective with pending points', new Acquisition(space, one, scenes(one, [[0.9]], [-Infinity]), [])],
    ['a target', new Acquisition(space, target, scenes(target, [[-0.6]], [-Infinity]), [])],
    [
      'two objectives',
      new Acquisition(
        space,
        two,
        scenes(
          two,
          [
            [0.2, -0.3],
            [0.8, -0.9],
          ],
          [-1, -2],
        ),
        [],
      ),
    ],
    ['gates alone', new Acquisition(space, [], [], gates)],
    ['everything', new Acquisition(space, one, scenes(one, [[0.9]], [-Infinity]), gates)],
  ];

  it.each(cases)('has the gradient that finite differences give: %s', (_, acquisition) => {
    const gradient = new Float64Array(3);
    for (let trial = 0; trial < 10; trial++) {
      const x = Float64Array.of(0.05 + 0.9 * random.next(), random.next(), trial % 2);
      expect(acquisition.at(x, gradient)).toBeGreaterThan(-1e6);
      for (const k of [0, 1]) {
        const up = Float64Array.from(x);
        const down = Float64Array.from(x);
        up[k]! += 1e-6;
        down[k]! -= 1e-6;
        const slope = (acquisition.at(up) - acquisition.at(down)) / 2e-6;
        expect(Math.abs(slope - gradient[k]!)).toBeLessThan(2e-4 * (1 + Math.abs(slope)));
      }
    }
  });

  it('conditions on a pending point as if it had been observed', () => {
    const belief = new Belief(first, 1);
    const weights = belief.add(pending[0]!);
    const draw = 0.8;
    let value = first.mean;
    weights.forEach((w, k) => (value += w * (k < 15 ? first.whitened[k]! : draw)));
    const training = {
      space,
      points: [...points, pending[0]!],
      y: Float64Array.of(...first.training.y, value),
      noise: Float64Array.of(...new Float64Array(15).fill(NaN), 1e-9),
    };
    const settings = { ...first.settings, mean: first.mean };
    const whole = new Belief({ ...factorize(training, settings)!, training, settings, logPosterior: 0 }, 0);
    const x = Float64Array.of(0.4, 0.6, 1);
    belief.look(x);
    whole.look(x);
    expect(Math.abs(belief.mean + belief.z[15]! * draw - whole.mean)).toBeLessThan(1e-6);
    expect(Math.abs(belief.sd - whole.sd)).toBeLessThan(1e-6);
  });

  it('bounds the spread, and gives the mean of a draw by weights', () => {
    const belief = new Belief(first, 3);
    // The last is almost the one before: their covariance is nearly singular.
    for (const x of [pending[0]!, Float64Array.of(0.7, 0.2, 1), Float64Array.of(0.7, 0.2 + 1e-7, 1)]) belief.add(x);
    const draw = Float64Array.of(0.8, -1.3, 0.4);
    const weights = belief.weightsGiven(draw);
    let tight = 0;
    for (const x of [...points, ...pending, Float64Array.of(0.7, 0.21, 1), Float64Array.of(0.1, 0.9, 0)]) {
      belief.look(x);
      const mean = draw.reduce((sum, value, k) => sum + belief.z[15 + k]! * value, belief.mean);
      expect(Math.abs(belief.meanBy(weights) - mean)).toBeLessThan(1e-8);
      belief.glance(x);
      expect(belief.widest).toBeGreaterThan(belief.sd - 1e-8);
      expect(Math.abs(belief.meanBy(weights) - mean)).toBeLessThan(1e-8);
      if (belief.widest < 0.5 * Math.sqrt(first.settings.variance)) tight += 1;
    }
    expect(tight).toBeGreaterThan(10);
  });

  it('is the hypervolume improvement that brute force gives', () => {
    const goals = [{ belief: new Belief(first, 0) }, { belief: new Belief(second, 0) }];
    const x = Float64Array.of(0.35, 0.5, 0);
    goals.forEach(({ belief }) => belief.look(modelPoint(space, x)));
    const [m0, s0, m1, s1] = goals.flatMap(({ belief }) => [belief.mean, belief.sd]) as [
      number,
      number,
      number,
      number,
    ];
    const [p, q] = [
      [m0 - s0, m1 + 0.5 * s1],
      [m0 + 0.8 * s0, m1 - 2 * s1],
    ] as [[number, number], [number, number]];
    const [r0, r1] = [m0 - 2 * s0, m1 - 3 * s1];
    const none = [new Float64Array(0), new Float64Array(0)];
    const scene = makeScene([Float64Array.from(p), Float64Array.from(q)], Float64Array.of(r0, r1), none);
    const exact = Math.exp(new Acquisition(space, goals, [scene], []).at(x));
    const above = (v: number, limit: number, low: number) => Math.max(0, Math.min(v, limit) - low);
    let sum = 0;
    const draws = 200_000;
    for (let i = 0; i < draws; i++) {
      const a = m0 + s0 * random.normal();
      const b = m1 + s1 * random.normal();
      const both = above(a, p[0], r0) * above(b, p[1], r1) + above(a, q[0], r0) * above(b, q[1], r1);
      sum += above(a, Infinity, r0) * above(b, Infinity, r1) - both + above(a, p[0], r0) * above(b, q[1], r1);
    }
    expect(Math.abs(sum / draws / exact - 1)).toBeLessThan(0.02);
  });
});

const reference = readReference<GpReference>('gp-reference.json');

describe.skipIf(reference === undefined)(
  'noisy expected improvement against BoTorch (skipped without ../shared)',
  () => {
    it('agrees where 16,384 plain Monte Carlo draws can see the improvement', () => {
      let compared = 0;
      for (const model of reference!.models) {
        const { training, scale } = trainingOf(model.x, model.y);
        const { params } = model.fitted;
        const settings = {
          ...params,
          lengthscales: Float64Array.from(params.lengthscale),
          variance: params.outputscale,
        };
        const family = model.kernel.startsWith('rbf') ? ('rbf' as const) : ('matern52' as const);
        const gp = {
          ...factorize(training, { ...settings, family })!,
          training,
          settings: { ...settings, family },
          logPosterior: 0,
        };
        const noisy = noisyImprovement(gp, 2048);
        model.test_x.forEach((x, i) => {
          const expected = model.qlognei_16384[i]!;
          // BoTorch's own smoothing and Monte Carlo error take over below.
          if (expected - Math.log(scale) < -5) return;
          compared += 1;
          expect(Math.abs(noisy(Float64Array.from(x)) + Math.log(scale) - expected)).toBeLessThan(0.1);
        });
      }
      expect(compared).toBeGreaterThan(15);
    });

    /** Every observation undecided: log mean over draws of the exact log EI over the drawn best. */
    function noisyImprovement(gp: Gp, draws: number): (x: Float64Array) => number {
      const n = gp.training.points.length;
      const belief = new Belief(gp, n);
      const rows = gp.training.points.map((x) => belief.add(x));
      const normals = stream(2, 'test/nei');
      const samples = Array.from({ length: draws }, () => Float64Array.from({ length: n }, () => normals.normal()));
      const best = samples.map((draw) =>
        Math.max(
          ...rows.map((row) => row.reduce((sum, w, k) => sum + w * (k < n ? gp.whitened[k]! : draw[k - n]!), gp.mean)),
        ),
      );
      return (x) => {
        belief.look(x);
        const logs = samples.map((draw, s) => {
          const mean = draw.reduce((sum, value, k) => sum + value * belief.z[n + k]!, belief.mean);
          return Math.log(belief.sd) + logImprovement((mean - best[s]!) / belief.sd);
        });
        const top = Math.max(...logs);
        return top + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - top), 0) / draws);
      };
    }
  },
);
