import type { Gate } from './acquisition.ts';
import type { Cost, Parameter, Point, Problem } from './problem.ts';
import { boundsOf } from './space.ts';

/** Cost of an experiment, in the unit of the problem's cost. */
export function costOf(cost: Cost, point: Point): number {
  let sum = cost.base;
  for (const [name, term] of Object.entries(cost.terms ?? {})) sum += term * Number(point[name]);
  for (const [name, levels] of Object.entries(cost.levels ?? {})) sum += levels[String(point[name])] ?? 0;
  return sum;
}

/** The least that any experiment within the bounds can cost, constraints left aside. */
export function leastCost(cost: Cost, parameters: readonly Parameter[]): number {
  return parameters.reduce((sum, parameter) => {
    if (parameter.type === 'categorical') {
      const added = cost.levels?.[parameter.name] ?? {};
      return sum + Math.min(...parameter.levels.map((level) => added[level] ?? 0));
    }
    const term = cost.terms?.[parameter.name] ?? 0;
    return sum + Math.min(...boundsOf(parameter).map((value) => term * value));
  }, cost.base);
}

/** Minus log cost in model coordinates, which makes an acquisition the expected gain per cost (Snoek et al. 2012). */
export function costGate({ parameters }: Problem, cost: Cost): Gate {
  const terms = parameters.map((parameter) => cost.terms?.[parameter.name] ?? 0);
  return (x, gradient) => {
    let sum = cost.base;
    const slopes = new Float64Array(x.length);
    parameters.forEach((parameter, j) => {
      if (parameter.type === 'categorical') {
        sum += cost.levels?.[parameter.name]?.[parameter.levels[x[j]!]!] ?? 0;
        return;
      }
      const [min, max] = boundsOf(parameter);
      const logarithmic = parameter.type === 'continuous' && parameter.scale === 'log';
      const ratio = logarithmic ? Math.log(max / min) : 0;
      const value = logarithmic ? min * Math.exp(x[j]! * ratio) : min + x[j]! * (max - min);
      sum += terms[j]! * value;
      slopes[j] = terms[j]! * (logarithmic ? ratio * value : max - min);
    });
    if (gradient !== undefined) slopes.forEach((slope, j) => (gradient[j]! -= slope / sum));
    return -Math.log(sum);
  };
}
