import { atObservations } from '../report.ts';
import { type Link, fitLink } from './links.ts';
import type { Network, Sample } from './network.ts';

type Target = Parameters<typeof fitLink>[2];

/** Fewer own observations cannot speak against a source. */
const leastEvidence = 3;

/**
 * A link that learns from earlier campaigns, too, as far as its own data agree: each source is trusted or not by whether it
 * improves the mean leave-one-out log density of the campaign's own observations (Rasmussen and Williams 2006, equations
 * 5.10 to 5.12). With fewer than three of them it is trusted for the time being.
 */
export function fitTrusting(
  network: Network,
  samples: readonly Sample[],
  target: Target,
  remembered?: Link['report'],
): Link | undefined {
  const sources = [...new Set(samples.flatMap(({ source }) => source ?? []))].sort();
  const own = samples.filter(({ source }) => source === undefined);
  const alone = fitLink(network, own, target, remembered);
  if (sources.length === 0) return alone;
  const trustedWith = (names: readonly string[]) =>
    fitLink(
      network,
      [...own, ...samples.filter(({ source }) => source !== undefined && names.includes(source))],
      target,
    );
  const count = alone?.rows.length ?? 0;
  const fits = sources.map((source) => ({ source, link: trustedWith([source]) }));
  const trusted = fits.filter(
    ({ link }) =>
      link !== undefined &&
      (alone === undefined || count < leastEvidence || density(link, count) > density(alone, count)),
  );
  const [only, ...more] = trusted;
  const link =
    only === undefined ? alone : more.length === 0 ? only.link : trustedWith(trusted.map(({ source }) => source));
  return link && { ...link, report: { ...link.report, sources: trusted.map(({ source }) => source) } };
}

/** Mean log density, each left out in turn, of the first `count` observations in their own unit. */
function density(link: Link, count: number): number {
  const { leftOutMean, leftOutVariance } = atObservations(link);
  const { y } = link.gp.training;
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const variance = leftOutVariance[i]!;
    sum -= 0.5 * (Math.log(2 * Math.PI * variance) + (y[i]! - leftOutMean[i]!) ** 2 / variance);
  }
  return sum / count - Math.log(Math.abs(link.scale));
}
