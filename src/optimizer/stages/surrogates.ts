import type { Stream } from '../../base/random.ts';
import { chebyshev, drawWeights } from '../scalarize.ts';
import type { Link } from './links.ts';
import type { Network, Sample } from './network.ts';
import { fitTrusting } from './sources.ts';
import type { AimedObjective, StagedModel } from './staged.ts';

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
      const link = fitTrusting(network, samples, { ...target, stage: k }, known);
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

/** The one value that is to be raised: the objective, or several joined to one. */
function objectiveTarget({ nodes, last, objectives }: Network, samples: readonly Sample[], random: Stream) {
  const { outputs } = nodes[last]!.stage;
  const columns = objectives.map(({ name }) => outputs.findIndex((output) => output.name === name));
  if (objectives.length === 1) {
    const [{ name, goal }] = objectives as [Network['objectives'][number]];
    const { noise = NaN } = outputs[columns[0]!]!;
    return { ...{ name, noise, output: columns[0]! }, turned: goal === 'minimize', valueOf: read(last, columns[0]!) };
  }
  const complete = samples.filter(({ y }) => y[last] !== undefined);
  const goals = objectives.map((objective, m): Goal => {
    const valueOf = read(last, columns[m]!);
    return { objective, values: complete.map(valueOf), valueOf };
  });
  const aimed = objectives.every(({ aim }) => aim !== undefined);
  return {
    name: objectives.map(({ name }) => name).join(' and '),
    noise: NaN,
    output: columns[0]!,
    turned: false,
    valueOf: aimed ? nearness(goals) : compromise(goals, drawWeights(objectives, random)),
  };
}

interface Goal {
  readonly objective: AimedObjective;
  /** Of the samples that are complete. */
  readonly values: readonly number[];
  readonly valueOf: (sample: Sample) => number;
}

/** More is better. */
const worthOf = ({ goal, target }: AimedObjective, value: number): number =>
  goal === 'maximize' ? value : goal === 'minimize' ? -value : -Math.abs(value - target!);

const spreadOf = (values: readonly number[]): number => {
  const mean = values.reduce((sum, value) => sum + value / values.length, 0);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2 / values.length, 0)) || 1;
};

/** Augmented Chebyshev scalarisation, every objective standardised. */
function compromise(goals: readonly Goal[], weights: Float64Array): (sample: Sample) => number {
  const scaled = goals.map(({ objective, values, valueOf }) => {
    const spread = spreadOf(values.map((value) => worthOf(objective, value)));
    const scale = (value: number) => worthOf(objective, value) / spread;
    return { ideal: Math.max(...values.map(scale)), of: (sample: Sample) => scale(valueOf(sample)) };
  });
  const ideal = Float64Array.from(scaled, (goal) => goal.ideal);
  return (sample) =>
    chebyshev(
      weights,
      ideal,
      scaled.map((goal) => goal.of(sample)),
    );
}

/**
 * How near a sample is to all aims at once: an achievement function (Wierzbicki 1980), the Chebyshev distance from the
 * aims with every objective in units of the way from its reference (else its spread) to its aim. Far from an aim
 * differences count by their logarithm, so that failures do not blur what happens near it.
 */
function nearness(goals: readonly Goal[]): (sample: Sample) => number {
  const weights = new Float64Array(goals.length).fill(1 / goals.length);
  const lacks = goals.map(({ objective, values, valueOf }) => {
    const aim = aimOf(objective);
    const way = objective.reference === undefined ? 0 : aim - worthOf(objective, objective.reference);
    const unit = way > 0 ? way : spreadOf(values.map((value) => worthOf(objective, value)));
    return (sample: Sample) => {
      const beyond = (worthOf(objective, valueOf(sample)) - aim) / unit;
      return beyond < 0 ? -Math.log1p(-beyond) : beyond;
    };
  });
  // What lies well beyond an aim makes up for nothing that the others lack.
  const ideal = new Float64Array(goals.length).fill(1);
  return (sample) =>
    chebyshev(
      weights,
      ideal,
      lacks.map((lack) => Math.min(1, lack(sample))),
    );
}

/** The worth at which an objective is good enough; a target is aimed at within its aim's distance. */
function aimOf(objective: AimedObjective): number {
  return objective.goal === 'target' ? -Math.abs(objective.aim!) : worthOf(objective, objective.aim!);
}
