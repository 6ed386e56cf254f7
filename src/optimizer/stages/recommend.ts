import { type Result, failed, failure, ok } from '../../base/failure.ts';
import { stream } from '../../base/random.ts';
import type { Point, Prediction } from '../problem.ts';
import { decode } from '../space.ts';
import { Chain } from './chain.ts';
import { checkStaged } from './check.ts';
import { emptyWalk, pairUp } from './designs.ts';
import { compileNetwork, readyStages, samplesOf } from './network.ts';
import { Policies, type Setting } from './policy.ts';
import type { StagedModel, StagedProblem, StagedRow } from './staged.ts';
import { fitLinks } from './surrogates.ts';

export interface Recommendation {
  /** By stage id. */
  readonly parameters: Readonly<Record<string, Point>>;
  readonly predicted: Prediction;
}

/**
 * The design whose final objective the chain expects to be best: settings of every stage, fixed beforehand, that need not
 * have been tried. Pure, and independent of the order of the rows.
 *
 * Failures: `input.invalid` for input that makes no sense, `optimizer.failed` before any sample is complete.
 */
export function recommend(
  problem: StagedProblem,
  rows: readonly StagedRow[],
  options: { readonly seed: number | string; readonly model?: StagedModel },
): Result<Recommendation> {
  const wrong = checkStaged(problem, rows, [], { ...options, count: 1 });
  if (wrong !== undefined) return failed(wrong);
  const network = compileNetwork(problem);
  const samples = samplesOf(network, rows);
  const random = (name: string) => stream(options.seed, `stages/${name}/${rows.length}`);
  const links = fitLinks(network, samples, random('weights'), options.model);
  if (links === undefined) {
    const mend = 'Carry some samples through to the last stage first.';
    return failed(failure('optimizer.failed', 'There is no model to recommend by yet.', { mend }));
  }
  const chain = new Chain(network, links, 0, 0, random('scenes'));
  const policies = new Policies(chain, { first: 16, further: 1 }, random('forecast'));
  const [start] = readyStages(network, emptyWalk(network));
  const rate = (settings: readonly Setting[]) => {
    policies.menus = settings.map((setting) => [setting]);
    const predicted = policies.forecast(emptyWalk(network), start!, settings[start!]!);
    return {
      settings,
      predicted,
      worth: chain.worth((predicted.mean - chain.objective.offset) / chain.objective.scale),
    };
  };
  const complete = samples.filter(({ y, alone }) => y[network.last] !== undefined && alone === undefined);
  complete.sort((a, b) => chain.worth(standard(b)) - chain.worth(standard(a)));
  function standard({ y }: (typeof samples)[number]): number {
    const { offset, scale, output } = chain.objective;
    return (y[network.last]![output]! - offset) / scale;
  }
  let near = network.nodes.map((_, k) => complete.slice(0, 6).flatMap(({ x }) => x[k] ?? []));
  let rated: ReturnType<typeof rate>[] = [];
  for (const round of [0, 1, 2]) {
    const designs = pairUp(network, near, random(`designs/${round}`), round === 0 ? 600 : 160, round > 0);
    rated = [...rated, ...designs.map(rate)].sort((a, b) => b.worth - a.worth).slice(0, 6);
    near = network.nodes.map((_, k) => rated.slice(0, 3).flatMap(({ settings }) => settings[k]?.x ?? []));
  }
  const { settings, predicted } = rated[0]!;
  const parameters = network.path.map((k): [string, Point] => {
    const { stage, space } = network.nodes[k]!;
    return [stage.id, decode(space, settings[k]!.x)];
  });
  return ok({ parameters: Object.fromEntries(parameters), predicted });
}
