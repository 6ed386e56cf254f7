import { describe, expect, test } from 'vitest';
import { stream } from '../../../src/base/random.ts';
import { Chain } from '../../../src/optimizer/stages/chain.ts';
import { emptyWalk, settingOf } from '../../../src/optimizer/stages/designs.ts';
import { walkOf } from '../../../src/optimizer/stages/links.ts';
import { compileNetwork, samplesOf } from '../../../src/optimizer/stages/network.ts';
import { Policies, openWalk } from '../../../src/optimizer/stages/policy.ts';
import type { StagedProblem, StagedRow } from '../../../src/optimizer/stages/staged.ts';
import { fitLinks } from '../../../src/optimizer/stages/surrogates.ts';
import { twoStageRows, twoStages } from './problems.ts';

function chainOf(problem: StagedProblem, rows: readonly StagedRow[], incumbent: number, room = 0) {
  const network = compileNetwork(problem);
  const links = fitLinks(network, samplesOf(network, rows), stream(0, 'test/weights'))!;
  return new Chain(network, links, room, incumbent, stream(0, 'test/scenes'));
}

const at = (chain: Chain, stage: number, value: number) => settingOf(chain.network, stage, Float64Array.of(value));

describe('the final objective through the chain', () => {
  test('equals the closed form where all links are linear', () => {
    const random = stream(1, 'test/linear');
    const [make, measure] = twoStages().stages;
    const problem = {
      stages: [
        { ...make!, outputs: [{ name: 'colour', noise: 0.01 }] },
        { ...measure!, outputs: [{ name: 'yield', noise: 1e-6 }] },
      ],
      objectives: twoStages().objectives,
    };
    const rows = Array.from({ length: 60 }, (_, i): StagedRow => {
      const [a, b] = [random.next(), random.next()];
      const colour = 2 * a - 1 + 0.1 * random.normal();
      const measured = { parameters: { b }, outputs: { yield: 3 * colour + b } };
      return { sample: `s${i}`, stages: { make: { parameters: { a }, outputs: { colour } }, measure: measured } };
    });
    const chain = chainOf(problem, rows, 0);
    const policies = new Policies(chain, { first: 256, further: 1 }, stream(0, 'test/draws'));
    for (const [a, b] of [
      [0.3, 0.2],
      [0.6, 0.9],
    ] as const) {
      policies.menus = [[], [at(chain, 1, b)]];
      const { mean, sd } = policies.forecast(emptyWalk(chain.network), 0, at(chain, 0, a));
      expect(Math.abs(mean - (3 * (2 * a - 1) + b))).toBeLessThan(0.2);
      // The proxy's measurement noise, 0.1, comes through three times as large.
      expect(sd).toBeGreaterThan(0.27);
      expect(sd).toBeLessThan(0.36);
    }
  });

  test('equals plain Monte Carlo through the links', () => {
    const chain = chainOf(twoStages(), twoStageRows(9, 2, 2), 0);
    const policies = new Policies(chain, { first: 512, further: 1 }, stream(0, 'test/draws'));
    policies.menus = [[], [at(chain, 1, 0.7)]];
    const found = policies.forecast(emptyWalk(chain.network), 0, at(chain, 0, 0.45));
    const random = stream(3, 'test/brute');
    const walk = emptyWalk(chain.network);
    walk.x[0] = Float64Array.of(0.45);
    const { mean, sd } = chain.outlook(walk, 0, 0);
    walk.x[1] = Float64Array.of(0.7);
    const finals = Array.from({ length: 4000 }, () => {
      walk.y[0] = Float64Array.of(mean[0]! + sd[0]! * random.normal());
      chain.look(walk, 1, 0, 0);
      return chain.finalOf(chain.mean + chain.sd * random.normal(), 0).mean;
    });
    const average = finals.reduce((sum, value) => sum + value, 0) / finals.length;
    const spread = Math.sqrt(finals.reduce((sum, value) => sum + (value - average) ** 2, 0) / finals.length);
    expect(Math.abs(found.mean - average)).toBeLessThan(0.08 * spread);
    expect(Math.abs(found.sd / spread - 1)).toBeLessThan(0.08);
  });

  test('the gradient of the gain is that of differences', () => {
    const rows = twoStageRows(12, 1, 4);
    const chain = chainOf(twoStages(), rows, 0.5, 1);
    const samples = samplesOf(chain.network, rows);
    const held = openWalk(
      walkOf(
        chain.network,
        samples.find(({ y }) => y[1] === undefined)!,
      ),
    );
    const pending = openWalk(
      walkOf(
        chain.network,
        samples.find(({ y }) => y[1] !== undefined)!,
      ),
    );
    pending.x[1] = Float64Array.of(0.33);
    chain.add(pending, 1);
    expect(chain.scenes).toBeGreaterThan(1);
    const gain = (b: number, gradient?: Float64Array) => {
      held.x[1] = Float64Array.of(b);
      return chain.gain(held, undefined, gradient);
    };
    for (const b of [0.2, 0.55, 0.8]) {
      const gradient = new Float64Array(chain.objective.pieces.length);
      const value = gain(b, gradient);
      const slope = (gain(b + 1e-6) - gain(b - 1e-6)) / 2e-6;
      expect(Math.abs(gradient[0]! * Math.abs(chain.objective.scale) - slope)).toBeLessThan(
        1e-3 * (Math.abs(slope) + value),
      );
    }
  });
});

test('what was looked at before is looked at anew when more is in flight, and is the same as without having looked', () => {
  const rows = twoStageRows(12, 1, 4);
  const [looked, fresh] = [0, 1].map(() => chainOf(twoStages(), rows, 0.5, 1)) as [Chain, Chain];
  const samples = samplesOf(looked.network, rows);
  const walk = openWalk(
    walkOf(
      looked.network,
      samples.find(({ y }) => y[1] !== undefined)!,
    ),
  );
  // The last of them twice.
  const settings = [...Array.from({ length: 40 }, (_, i) => i), 37, 38, 39].map((i) => Float64Array.of(i / 40));
  const gains = (chain: Chain) =>
    settings.map((b) => {
      walk.x[1] = b;
      return chain.gain(walk);
    });
  const before = gains(looked);
  expect(before.slice(40)).toEqual(before.slice(37, 40));
  settings.reverse();
  walk.x[1] = Float64Array.of(0.33);
  for (const chain of [looked, fresh]) chain.add(walk, 1);
  const after = gains(looked);
  expect(after).toEqual(gains(fresh));
  expect(after.filter((gain, i) => gain === before.at(-1 - i))).toEqual([]);
});

describe('bounds', () => {
  /** Two chains alike, with a sample in flight; the second works every gain out. */
  const pair = () => {
    const rows = twoStageRows(14, 1, 4);
    return [0, 1].map((k) => {
      const chain = chainOf(twoStages(0.2), rows, 0.7, 2);
      const [first, second] = samplesOf(chain.network, rows).map((sample) => openWalk(walkOf(chain.network, sample)));
      for (const walk of [first!, second!]) {
        walk.x[1] = Float64Array.of(0.31);
        chain.add(walk, 1);
      }
      if (k === 1) chain.isBelow = () => false;
      return chain;
    }) as [Chain, Chain];
  };

  test('of a gain are never below it, and seldom far above where little is gained', () => {
    const [chain, exact] = pair();
    const random = stream(9, 'test/bounds');
    let poor = 0;
    let told = 0;
    for (let i = 0; i < 400; i++) {
      const walk = emptyWalk(chain.network);
      walk.x[0] = Float64Array.of(random.next());
      walk.y[0] = Float64Array.of(2 * random.next() - 1);
      walk.x[1] = Float64Array.of(random.next());
      const scene = i % chain.scenes;
      const gain = exact.gain(walk, scene);
      expect(chain.isBelow(gain * (1 - 1e-12), walk, scene)).toBe(false);
      if (gain > 0.005) continue;
      poor += 1;
      if (chain.isBelow(0.1, walk, scene)) told += 1;
    }
    expect(poor).toBeGreaterThan(100);
    expect(told).toBeGreaterThan(0.8 * poor);
  });

  test('spare settings and change no policy', () => {
    const chains = pair();
    let spared = 0;
    const { isBelow } = Chain.prototype;
    chains[0].isBelow = function (...args) {
      const below = isBelow.apply(this, args);
      spared += Number(below);
      return below;
    };
    const found = chains.map((chain) => {
      const policies = new Policies(chain, { first: 24, further: 1 }, stream(0, 'test/draws'));
      policies.menus = [[], [0.1, 0.3, 0.5, 0.7, 0.9].map((b) => at(chain, 1, b))];
      const walk = emptyWalk(chain.network);
      return [0, 0.02, 0.1, 0.5, 5].flatMap((rate) =>
        [0.1, 0.4, 0.8].map((a) => {
          const worth = policies.run(walk, 0, at(chain, 0, a), rate);
          // What a search has tried must not stay in the walk: another would take it for settled.
          expect(walk).toEqual(emptyWalk(chain.network));
          return worth;
        }),
      );
    });
    expect(found[0]).toEqual(found[1]);
    expect(spared).toBeGreaterThan(300);
  });
});

describe('rates', () => {
  test('are the best ratio of gain to cost over all thresholds at which to stop', () => {
    for (const cost of [0.02, 0.5]) {
      const chain = chainOf(twoStages(cost), twoStageRows(9, 0, 5), 0.6);
      const policies = new Policies(chain, { first: 384, further: 1 }, stream(0, 'test/draws'));
      policies.menus = [[], [at(chain, 1, 0.8)]];
      const rate = policies.rateOf(emptyWalk(chain.network), 0, at(chain, 0, 0.5), 0);
      const random = stream(6, 'test/brute');
      const walk = emptyWalk(chain.network);
      walk.x[0] = Float64Array.of(0.5);
      const { mean, sd } = chain.outlook(walk, 0, 0);
      walk.x[1] = Float64Array.of(0.8);
      const gains = Float64Array.from({ length: 6000 }, (_, i) => {
        // Every third draw is from the wider belief, as in the search.
        walk.y[0] = Float64Array.of(mean[0]! + (i % 3 === 2 ? 4 : 1) * sd[0]! * random.normal());
        return chain.gain(walk);
      }).sort((a, b) => b - a);
      let sum = 0;
      let best = 0;
      gains.forEach((gain, i) => {
        sum += gain / gains.length;
        best = Math.max(best, sum / (cost + (i + 1) / gains.length));
      });
      expect(Math.abs(rate / best - 1)).toBeLessThan(0.08);
    }
  });

  test('of a last stage are expected improvement over cost', () => {
    const chain = chainOf(twoStages(), twoStageRows(9, 1, 7), 0.2);
    const policies = new Policies(chain, { first: 8, further: 1 }, stream(0, 'test/draws'));
    const walk = emptyWalk(chain.network);
    walk.x[0] = Float64Array.of(0.4);
    walk.y[0] = Float64Array.of(0.7);
    const setting = at(chain, 1, 0.6);
    const rate = policies.rateOf(walk, 1, setting, 0);
    walk.x[1] = setting.model;
    chain.look(walk, 1, 0, 0);
    const random = stream(8, 'test/brute');
    let sum = 0;
    for (let i = 0; i < 20000; i++) sum += Math.max(0, chain.mean + chain.sd * random.normal() - 0.2);
    expect(Math.abs((rate * 1) / ((Math.abs(chain.objective.scale) * sum) / 20000) - 1)).toBeLessThan(0.05);
  });
});
