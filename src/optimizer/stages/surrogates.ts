import type { Stream } from '../../base/random.ts';
import { chebyshev, drawWeights } from '../scalarize.ts';
import { type Link, fitLink } from './links.ts';
import type { Network, Sample } from './network.ts';
import type { StagedModel } from './staged.ts';

/** The links of every stage that leads to the objective, by stage index; undefined where one cannot be fitted. */
export function fitLinks(
  network: Network,
  samples: readonly Sample[],
  random: Stream,
  remembered?: StagedModel,
): (readonly Link[])[] | undefined {
  const links: Link[][] = network.nodes.map(() => []);
  for (const k of network.path) {
    const { id, outputs } = network.nodes[k]!.stage;
    const targets =
      k === network.last
        ? [objectiveTarget(network, samples, random)]
        : outputs.map(({ name, noise = NaN }, output) => ({
            name,
            noise,
            output,
            turned: false,
            valueOf: read(k, output),
          }));
    for (const target of targets) {
      const known = remembered?.links.find((link) => link.stage === id && link.output === target.name);
      const link = fitLink(network, samples, { ...target, stage: k }, known);
      if (link === undefined) return undefined;
      links[k]!.push(link);
    }
  }
  return links;
}

const read =
  (stage: number, output: number) =>
  ({ y }: Sample): number =>
    y[stage]![output]!;

/** The one value that is to be raised: the objective, or a scalarisation of several with newly drawn weights. */
function objectiveTarget({ nodes, last, objectives }: Network, samples: readonly Sample[], random: Stream) {
  const { outputs } = nodes[last]!.stage;
  const columns = objectives.map(({ name }) => outputs.findIndex((output) => output.name === name));
  if (objectives.length === 1) {
    const [{ name, goal }] = objectives as [Network['objectives'][number]];
    const { noise = NaN } = outputs[columns[0]!]!;
    return { ...{ name, noise, output: columns[0]! }, turned: goal === 'minimize', valueOf: read(last, columns[0]!) };
  }
  const goals = objectives.map(({ goal, target }, m) => {
    const values = samples.flatMap(({ y }) => (y[last] === undefined ? [] : [y[last]![columns[m]!]!]));
    const mean = values.reduce((sum, value) => sum + value / values.length, 0);
    const spread = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2 / values.length, 0)) || 1;
    const worth = (value: number) =>
      goal === 'maximize' ? value - mean : goal === 'minimize' ? mean - value : -Math.abs(value - target!);
    return (sample: Sample) => worth(sample.y[last]![columns[m]!]!) / spread;
  });
  const complete = samples.filter(({ y }) => y[last] !== undefined);
  const ideal = Float64Array.from(goals, (goal) => Math.max(...complete.map(goal)));
  const weights = drawWeights(objectives, random);
  const valueOf = (sample: Sample) =>
    chebyshev(
      weights,
      ideal,
      goals.map((goal) => goal(sample)),
    );
  return {
    name: objectives.map(({ name }) => name).join(' and '),
    noise: NaN,
    output: columns[0]!,
    turned: false,
    valueOf,
  };
}
