import { describe, expect, it } from 'vitest';
import { Belief } from '../../src/optimizer/belief.ts';
import { fitGp } from '../../src/optimizer/fit.ts';
import { type GpSettings, factorize, likelihoodGradient } from '../../src/optimizer/likelihood.ts';
import { logImprovement } from '../../src/optimizer/special.ts';
import { compileSpace } from '../../src/optimizer/space.ts';
import { stream } from '../../src/base/random.ts';
import { type GpReference, type ModelParameters, readReference, trainingOf } from './reference.ts';

const reference = readReference<GpReference>('gp-reference.json');

const settingsOf = (kernel: string, p: ModelParameters): GpSettings => ({
  family: kernel.startsWith('rbf') ? 'rbf' : 'matern52',
  lengthscales: Float64Array.from(p.lengthscale),
  variance: p.outputscale,
  noise: p.noise,
  mean: p.mean,
});

const logNormal = (x: number, mean: number, sd: number) =>
  -Math.log(x * sd) - 0.5 * Math.log(2 * Math.PI) - 0.5 * ((Math.log(x) - mean) / sd) ** 2;

describe.skipIf(reference === undefined)('against BoTorch (skipped where ../shared is absent)', () => {
  it('log EI helper, from 5 to -1e10', () => {
    for (const [z, value] of reference!.log_ei_helper) {
      expect(Math.abs(logImprovement(z) / value - 1)).toBeLessThan(1e-13);
    }
  });

  it.each((reference?.models ?? []).map((model) => [`${model.task} n=${model.n} ${model.kernel}`, model] as const))(
    'posterior, likelihood and log EI: %s',
    (_, model) => {
      const { training, offset, scale } = trainingOf(model.x, model.y);
      const settings = settingsOf(model.kernel, model.fitted.params);
      const factored = factorize(training, settings)!;
      const belief = new Belief({ ...factored, training, settings, logPosterior: 0 }, 0);
      model.test_x.forEach((x, i) => {
        belief.look(Float64Array.from(x));
        const mean = offset + scale * belief.mean;
        const sd = scale * belief.sd;
        expect(Math.abs(mean / model.mean[i]! - 1)).toBeLessThan(1e-10);
        expect(Math.abs(sd / model.sd[i]! - 1)).toBeLessThan(1e-10);
        expect(Math.abs(Math.log(sd) + logImprovement((mean - model.best_f) / sd) - model.log_ei[i]!)).toBeLessThan(
          1e-9,
        );
      });
    },
  );

  it('marginal likelihood with the library priors', () => {
    const models = reference!.models.filter(({ kernel }) => kernel.startsWith('rbf'));
    expect(models.length).toBeGreaterThan(3);
    for (const model of models) {
      const { training } = trainingOf(model.x, model.y);
      for (const { params, mll_per_n: expected } of [model.initial, model.fitted]) {
        const center = Math.SQRT2 + 0.5 * Math.log(params.lengthscale.length);
        const priors = params.lengthscale.reduce((sum, l) => sum + logNormal(l, center, Math.sqrt(3)), 0);
        const { logLikelihood } = factorize(training, settingsOf(model.kernel, params))!;
        const total = logLikelihood + priors + logNormal(params.noise, -4, 1);
        expect(Math.abs(total / model.n - expected)).toBeLessThan(1e-10);
      }
    }
  });
});

const mixed = compileSpace({
  parameters: [
    { name: 'a', type: 'continuous', min: 0, max: 1 },
    { name: 'b', type: 'integer', min: 0, max: 4 },
    { name: 'c', type: 'categorical', levels: ['x', 'y', 'z'] },
    { name: 'd', type: 'categorical', levels: ['p', 'q', 'r'], descriptors: { p: [0, 1], q: [1, 1], r: [3, 2] } },
  ],
  constraints: [],
  objectives: [{ name: 'y', goal: 'maximize' }],
});

function mixedTraining(n: number, known: boolean) {
  const random = stream(3, 'test/gp');
  const points = Array.from({ length: n }, () =>
    Float64Array.of(random.next(), random.integer(5) / 4, random.integer(3), random.integer(3)),
  );
  const y = Float64Array.from(points, ([a, b, c, d]) => Math.sin(5 * a!) + b! * c! - 0.3 * d! + 0.1 * random.normal());
  const noise = Float64Array.from(points, (_, i) => (known && i % 2 === 0 ? 0.02 : NaN));
  return { space: mixed, points, y, noise };
}

describe('marginal likelihood', () => {
  it.each(['matern52', 'rbf'] as const)('has the gradient that finite differences give: %s', (family) => {
    const training = mixedTraining(14, true);
    const theta = Float64Array.from([-0.5, 0.1, 0.3, -0.2, 0.4, -3, 0.2]);
    const settings = (t: Float64Array): GpSettings => ({
      family,
      lengthscales: t.slice(0, 5).map(Math.exp),
      noise: Math.exp(t[5]!),
      variance: Math.exp(t[6]!),
    });
    // The profiled mean maximises the likelihood times its prior, so that is what is differentiated.
    const value = (t: Float64Array) => {
      const { logLikelihood, mean } = factorize(training, settings(t))!;
      return logLikelihood - 0.5 * mean * mean;
    };
    const gradient = likelihoodGradient(training, settings(theta), factorize(training, settings(theta))!);
    theta.forEach((_, k) => {
      const up = Float64Array.from(theta);
      const down = Float64Array.from(theta);
      up[k]! += 1e-5;
      down[k]! -= 1e-5;
      expect(Math.abs((value(up) - value(down)) / 2e-5 - gradient[k]!)).toBeLessThan(
        1e-6 * (1 + Math.abs(gradient[k]!)),
      );
    });
  });
});

describe('fit', () => {
  it('finds the noise and which parameters matter', () => {
    const random = stream(1, 'test/fit');
    const x = Array.from({ length: 80 }, () => [random.next(), random.next(), random.next()]);
    const y = x.map(([a, b]) => Math.sin(6 * a!) + 0.5 * b! + 0.1 * random.normal());
    const { training, scale } = trainingOf(x, y);
    const gp = fitGp(training, 'matern52')!;
    const [a, b, c] = gp.settings.lengthscales;
    expect(a!).toBeLessThan(b!);
    expect(b!).toBeLessThan(c!);
    expect(Math.sqrt(gp.settings.noise) * scale).toBeGreaterThan(0.07);
    expect(Math.sqrt(gp.settings.noise) * scale).toBeLessThan(0.14);
  });

  it.each([
    ['one observation', [[0.5, 0.5]], [3]],
    [
      'duplicates with different values',
      [
        [0.5, 0.5],
        [0.5, 0.5],
        [0.1, 0.2],
      ],
      [1, 5, 2],
    ],
    [
      'exact duplicates',
      [
        [0.5, 0.5],
        [0.5, 0.5],
        [0.5, 0.5],
      ],
      [1, 1, 2],
    ],
  ])('survives %s', (_, x, y) => {
    const { training } = trainingOf(x, y);
    const gp = fitGp({ ...training, y: training.y.map((value) => (Number.isFinite(value) ? value : 0)) }, 'matern52')!;
    const belief = new Belief(gp, 0);
    belief.look(Float64Array.of(0.3, 0.9));
    expect(Number.isFinite(belief.mean)).toBe(true);
    expect(belief.sd).toBeGreaterThan(0);
  });

  it('never gives a negative variance, nor more than the prior', () => {
    const training = mixedTraining(30, false);
    const gp = fitGp(training, 'matern52')!;
    const belief = new Belief(gp, 0);
    for (const x of training.points) {
      belief.look(x);
      expect(belief.sd).toBeGreaterThanOrEqual(0);
      expect(belief.sd).toBeLessThanOrEqual(Math.sqrt(gp.settings.variance));
    }
  });
});
