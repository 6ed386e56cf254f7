import type { Outcome } from '../data.ts';
import { build } from '../fit.ts';
import { lengthscaleCount } from '../kernel.ts';
import type { Training } from '../likelihood.ts';
import type { Parameter } from '../problem.ts';
import { atObservations } from '../report.ts';
import { type Space, compileSpace } from '../space.ts';
import { fitProcess, thetaOf } from './fit-process.ts';
import { type Network, type Sample, modelOf } from './network.ts';
import type { LinkInputs, LinkReport } from './staged.ts';

/** Where one coordinate of a link's input comes from: a parameter, or an output moved to [0, 1]. */
interface Piece {
  readonly stage: number;
  readonly column: number;
  readonly output: boolean;
  readonly offset: number;
  readonly span: number;
}

/** A sample on its way: model coordinates of the parameters and raw outputs, by stage. */
export interface Walk {
  readonly x: readonly (Float64Array | undefined)[];
  readonly y: readonly (Float64Array | undefined)[];
}

/** The surrogate of one output of one stage. */
export interface Link extends Outcome {
  readonly stage: number;
  /** Index of the output in its stage. */
  readonly output: number;
  readonly inputs: LinkInputs;
  readonly pieces: readonly Piece[];
  /** Variance of a measurement about the truth, standardised. */
  readonly noise: number;
  readonly report: LinkReport;
}

/** A value to be modelled, with its samples. */
interface Target {
  readonly stage: number;
  readonly output: number;
  readonly name: string;
  /** Known noise variance, NaN where learned. */
  readonly noise: number;
  readonly turned: boolean;
  readonly valueOf: (sample: Sample) => number;
}

/** Writes the input of a link at a walk. */
export function readInput({ pieces }: Pick<Link, 'pieces'>, walk: Walk, out: Float64Array): void {
  for (let j = 0; j < pieces.length; j++) {
    const { stage, column, output, offset, span } = pieces[j]!;
    const value = (output ? walk.y : walk.x)[stage]![column]!;
    out[j] = output ? (value - offset) / span : value;
  }
}

export const walkOf = ({ nodes }: Network, { x, y }: Sample): Walk => ({
  x: x.map((point, k) => point && modelOf(nodes[k]!, point)),
  y,
});

/**
 * The surrogate of one output, its inputs chosen by evidence: every choice of inputs is fitted to the same observations, and
 * compared by the log posterior at its most probable hyperparameters, log likelihood and log prior, which stands for the log
 * evidence of the choice (Rasmussen and Williams 2006, section 5.2). Undefined where nothing was measured or no fit works.
 */
export function fitLink(
  network: Network,
  samples: readonly Sample[],
  target: Target,
  remembered?: LinkReport,
): Link | undefined {
  const node = network.nodes[target.stage]!;
  const measured = samples.filter(
    (sample) =>
      sample.y[target.stage] !== undefined &&
      target.valueOf(sample) === target.valueOf(sample) &&
      sample.x[target.stage] !== undefined,
  );
  const fresh =
    remembered !== undefined &&
    measured.length <= remembered.fittedAt + (remembered.fittedAt > few ? remembered.fittedAt / 7 : 0);
  const choices: readonly LinkInputs[] =
    node.parents.length === 0 ? ['parameters'] : ['proxies', 'proxies and parameters', 'parameters'];
  const distinct = choices.filter((inputs) => !isRepeated(network, target.stage, inputs));
  const tried = fresh ? [remembered.inputs] : distinct;
  const whole = measured.filter((sample) => sample.alone === undefined);
  const fits = tried.flatMap((inputs) => {
    const theta = remembered?.inputs === inputs ? Float64Array.from(remembered.hyperparameters) : undefined;
    return (
      fitChoice(network, fresh && inputs === 'proxies' ? measured : whole, target, inputs, { theta, keep: fresh }) ?? []
    );
  });
  if (fits.length === 0) return undefined;
  const best = preferred(fits);
  const link = fresh ? best.link : withAll(network, measured, target, best.link);
  const evidence = fresh
    ? remembered.evidence
    : Object.fromEntries(fits.map(({ link, evidence: value }) => [link.inputs, value]));
  const fittedAt = fresh ? remembered.fittedAt : measured.length;
  return { ...link, report: { ...link.report, evidence, fittedAt } };
}

/** A link that reads no earlier parameter learns from runs of its stage alone as well; they are no part of the choice. */
function withAll(network: Network, measured: readonly Sample[], target: Target, link: Link): Link {
  if (link.inputs !== 'proxies' || link.rows.length === measured.length) return link;
  const theta = Float64Array.from(link.report.hyperparameters);
  return fitChoice(network, measured, target, link.inputs, { theta, keep: true })?.link ?? link;
}

/** Up to so many observations a link is fitted anew whenever one is added. */
const few = 40;

/** By how many nats proxies must lead: a ratio of 150, very strong evidence after Kass and Raftery (1995). */
const veryStrong = 5;

/** The choice of the highest evidence; one that reads proxies must lead the plain one clearly, so that noise is not read. */
function preferred(fits: readonly Fitted[]): Fitted {
  const best = fits.reduce((a, b) => (b.evidence > a.evidence ? b : a));
  const plain = fits.find(({ link }) => link.inputs === 'parameters');
  return plain === undefined || best.evidence > plain.evidence + veryStrong ? best : plain;
}

/** A choice that would read the same values as an earlier one. */
function isRepeated({ nodes }: Network, stage: number, inputs: LinkInputs): boolean {
  const bare = nodes[stage]!.ancestors.every((k) => nodes[k]!.space.dimensions.length === 0);
  return bare && inputs === 'proxies and parameters';
}

/** Pieces and space of a link's input: the stage's parameters, then its parents' outputs, then its ancestors' parameters. */
function inputOf({ nodes }: Network, samples: readonly Sample[], stage: number, inputs: LinkInputs) {
  const { space, stage: own, parents, ancestors } = nodes[stage]!;
  const pieces: Piece[] = [];
  const parameters: Parameter[] = [];
  const addParameters = (k: number, list: readonly Parameter[]) =>
    list.forEach((parameter, column) => {
      pieces.push({ stage: k, column, output: false, offset: 0, span: 1 });
      parameters.push(parameter);
    });
  addParameters(stage, own.space.parameters);
  for (const k of inputs === 'parameters' ? [] : parents) {
    nodes[k]!.stage.outputs.forEach(({ name }, column) => {
      const values = samples.map(({ y }) => y[k]![column]!);
      const min = Math.min(...values);
      const span = Math.max(...values) - min || 1;
      pieces.push({ stage: k, column, output: true, offset: min, span });
      parameters.push({ name, type: 'continuous', min: 0, max: 1 });
    });
  }
  for (const k of inputs === 'proxies' ? [] : ancestors) addParameters(k, nodes[k]!.stage.space.parameters);
  return { pieces, space: space.dimensions.length === pieces.length ? space : inputSpace(parameters) };
}

const inputSpace = (parameters: readonly Parameter[]): Space =>
  compileSpace({ parameters, constraints: [], objectives: [] });

interface Fitted {
  readonly link: Link;
  /** Log posterior of the fit. */
  readonly evidence: number;
}

function fitChoice(
  network: Network,
  samples: readonly Sample[],
  target: Target,
  inputs: LinkInputs,
  { theta, keep }: { theta: Float64Array | undefined; keep: boolean },
): Fitted | undefined {
  if (samples.length === 0) return undefined;
  const { pieces, space } = inputOf(network, samples, target.stage, inputs);
  if (pieces.length === 0) return undefined;
  const values = Float64Array.from(samples, target.valueOf);
  const offset = values.reduce((sum, value) => sum + value, 0) / values.length;
  const spread = Math.sqrt(
    values.reduce((sum, value) => sum + (value - offset) ** 2, 0) / Math.max(1, values.length - 1),
  );
  const scale = (spread > 1e-12 * Math.abs(offset) ? spread : 1) * (target.turned ? -1 : 1);
  const training: Training = {
    space,
    points: samples.map((sample) => {
      const point = new Float64Array(pieces.length);
      readInput({ pieces }, walkOf(network, sample), point);
      return point;
    }),
    y: values.map((value) => (value - offset) / scale),
    noise: new Float64Array(values.length).fill(target.noise / (scale * scale)),
  };
  // A model remembered from another problem is of no use.
  const known = theta?.length === lengthscaleCount(space) + 2 ? theta : undefined;
  const gp = keep && known !== undefined ? build(training, 'matern52', known, 0) : fitProcess(training, known);
  if (gp === undefined) return undefined;
  const outcome = { name: target.name, offset, scale, rows: samples.map((_, i) => i), gp };
  return {
    link: { ...outcome, ...reported(network, outcome, target, inputs), pieces },
    evidence: gp.logPosterior,
  };
}

function reported(network: Network, outcome: Outcome, { stage, output, noise, name }: Target, inputs: LinkInputs) {
  const { settings, training } = outcome.gp;
  const at = atObservations(outcome);
  let squares = 0;
  let total = 0;
  training.y.forEach((y, i) => {
    squares += (y - at.leftOutMean[i]!) ** 2;
    total += y * y;
  });
  const count = training.y.length;
  return {
    ...{ stage, output, inputs },
    noise: Number.isNaN(noise) ? settings.noise : training.noise[0]!,
    report: {
      ...{ stage: network.nodes[stage]!.stage.id, output: name, inputs, observations: count, evidence: {} },
      explained: total > 0 ? 1 - squares / total : 0,
      hyperparameters: thetaOf(outcome.gp),
      fittedAt: count,
    },
  };
}
