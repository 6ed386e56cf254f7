import * as z from 'zod';
import { canonical } from '../base/canonical.ts';
import { durationText } from '../base/duration-text.ts';
import type { DurationMs } from './resolve.ts';

/**
 * What durations turn out to be, learned as ratios: actual over declared typical. So commands whose durations depend on their
 * parameters learn from each other. A declared band is what a device's descriptor says of a command, or the lab file of a way.
 */

const Span = z.object({ low: z.number(), high: z.number() });

/** Of one capability of one device, or of the ways from one place to another. JSON, of bounded size. */
export const Experience = z.object({
  /** Runs that count; those that shared one run of a batch device count once. */
  runs: z.int(),
  /** Ratios of the last runs, the newest last. */
  recent: z.array(z.number()),
  /** Extremes of the ratios in the block of runs that is being filled, and of the full one before it. */
  block: Span.extend({ runs: z.int() }),
  full: Span.optional(),
  /** What was declared for the last run, ms, and whether it was the same for all of them. */
  declared: z.object({ low: z.number(), typical: z.number(), high: z.number() }),
  fixed: z.boolean(),
  batch: z.string().optional(),
  /** What the last runs drew beyond their device at rest, W: each counts as much as those before it do at most 15 times together. */
  watts: z.number().optional(),
});
export type Experience = z.infer<typeof Experience>;

/** One run that went well. ms. */
export interface Lesson {
  readonly declared: DurationMs;
  readonly actual: number;
  readonly batch?: string | undefined;
  /** What its device's own meters counted meanwhile beyond its rest, all members of a batch together. */
  readonly joules?: number | undefined;
}

/**
 * Runs after which the extremes seen take the place of what was declared. Of n independent runs the largest covers a share p
 * of all future ones with confidence 1 - p^n (Wilks 1941): 99.5 % with 95 % from 598 runs on.
 */
export const vouchingRuns = 598;

/** What is declared as typical counts as so many runs as long as all runs end within the declared band. */
const runsOfDeclared = 9;
/** Standard deviation of the factor by which declarations are taken to be wrong that have been refuted. */
const doubtInRefuted = 0.2;

const mostRecent = 15;

/** Experience with one more run. A run whose declared duration is zero teaches nothing. */
export function learn(known: Experience | undefined, lesson: Lesson): Experience | undefined {
  const { declared, actual, batch } = lesson;
  if (!(declared.typical > 0) || !(actual >= 0)) return known;
  const ratio = actual / declared.typical;
  const shared = batch !== undefined && batch === known?.batch;
  const recent = [...(known?.recent.slice(shared ? 0 : 1 - mostRecent) ?? []), ...(shared ? [] : [ratio])];
  const runs = (known?.runs ?? 0) + (shared ? 0 : 1);
  const isFull = !shared && known?.block.runs === vouchingRuns;
  const block = isFull ? undefined : known?.block;
  const full = isFull ? { low: known.block.low, high: known.block.high } : known?.full;
  const watts = shared ? known?.watts : drawnWith(known, runs, lesson);
  return {
    runs,
    recent,
    block: { ...including(block, ratio), runs: (block?.runs ?? 0) + (shared ? 0 : 1) },
    ...(full === undefined ? {} : { full }),
    declared: { ...declared },
    fixed: known === undefined || (known.fixed && same(known.declared, declared)),
    ...(batch === undefined ? {} : { batch }),
    ...(watts === undefined ? {} : { watts }),
  };
}

function drawnWith(known: Experience | undefined, runs: number, { joules, actual }: Lesson): number | undefined {
  if (joules === undefined || actual === 0) return known?.watts;
  const drawn = (1000 * joules) / actual;
  return known?.watts === undefined ? drawn : known.watts + (drawn - known.watts) / Math.min(runs, mostRecent);
}

/** W that runs draw, rounded, so that plans change only for what is clearly otherwise; undefined where nobody has counted it. */
export const powerOf = (known: Experience | undefined): number | undefined =>
  known?.watts === undefined ? undefined : Number(known.watts.toPrecision(2));

const including = (span: z.infer<typeof Span> | undefined, ratio: number) => ({
  low: Math.min(span?.low ?? ratio, ratio),
  high: Math.max(span?.high ?? ratio, ratio),
});

const same = (a: DurationMs, b: DurationMs): boolean => a.low === b.low && a.typical === b.typical && a.high === b.high;

/** Extremes of the ratios of the last 598 to 1,196 runs, or of all there were. */
function seen({ block, full }: Experience): { readonly low: number; readonly high: number } {
  if (full === undefined) return block;
  return { low: Math.min(block.low, full.low), high: Math.max(block.high, full.high) };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const [below, above] = [sorted[(sorted.length - 1) >> 1]!, sorted[sorted.length >> 1]!];
  return (below + above) / 2;
}

/** A ratio times its typical duration gives the whole ms again that it was made of, ms. */
const rounding = 1e-6;

/** How experience corrects what is declared; ratios as above. */
interface Correction {
  /** Runs end between these; the declared bound holds where absent. */
  readonly low?: number;
  readonly high?: number;
  readonly typical: number;
  /** Where runs are found on the whole, of a declaration that is refuted: a bound is at least as far from there as declared. */
  readonly middle?: number;
  /** Enough runs vouch for low and high, so that they count although they are narrower. */
  readonly vouched: boolean;
}

/** A shift of what is typical is believed from so many standard errors of the median on. */
const believed = 4;
/** Standard error of the median of n normal draws, times sqrt(n) over their standard deviation: sqrt(pi / 2). */
const ofMedian = Math.sqrt(Math.PI / 2);

const corrections = new WeakMap<Experience, Correction | undefined>();

/** Undefined where experience bears out what was declared, so that plans change only for what is known to be otherwise. */
function correctionOf(known: Experience): Correction | undefined {
  if (!corrections.has(known)) corrections.set(known, correctionBy(known));
  return corrections.get(known);
}

function correctionBy(known: Experience): Correction | undefined {
  const { declared, recent, runs } = known;
  const { low, high } = seen(known);
  const [lowest, highest] = [declared.low / declared.typical, declared.high / declared.typical];
  const [early, late, vouched] = [low < lowest, high > highest, known.full !== undefined];
  const middle = median(recent);
  // That of an even distribution over the declared band.
  const spread = (highest - lowest) / Math.sqrt(12);
  const refuted = early || late;
  const shifted = refuted || Math.abs(middle - 1) > (believed * ofMedian * spread) / Math.sqrt(recent.length);
  if (!shifted && !vouched && known.fixed) return undefined;
  const weight = runs / (runs + (refuted ? (spread / doubtInRefuted) ** 2 : runsOfDeclared));
  const typical = shifted ? 1 + weight * (middle - 1) : 1;
  if (vouched) return { low, high, typical, vouched };
  const beyond = runs > 1 ? (high - low) / (runs - 1) : 0;
  return {
    // What is within the band of the last run may be beyond that of the next, where these differ.
    ...(early ? { low: Math.max(0, low - beyond) } : known.fixed ? {} : { low }),
    ...(late ? { high: high + beyond } : known.fixed ? {} : { high }),
    ...(refuted ? { middle } : {}),
    ...{ typical, vouched },
  };
}

/**
 * The band to expect, ms. Either bound stays as declared until a run has ended beyond it. From then on it is where the declared
 * band would lie around the median of the last runs, and at least what has been seen and the expected distance from there to
 * the end of an even distribution, range / (n - 1). With enough runs to vouch for them, the extremes seen are the band.
 *
 * Typical is that median shrunk to what was declared, as the mean of normal draws is, once it differs by more than can be
 * chance. A declaration that has been refuted counts as (spread / doubt)^2 runs, the spread that of an even distribution over
 * its band.
 */
export function bandOf(declared: DurationMs, known: Experience | undefined): DurationMs {
  const correction = known === undefined ? undefined : correctionOf(known);
  if (correction === undefined || !(declared.typical > 0)) return declared;
  const [lowest, highest] = [declared.low / declared.typical, declared.high / declared.typical];
  const { low = lowest, high = highest, middle = 1, typical, vouched } = correction;
  const bounds = {
    low: vouched ? low : low < lowest ? Math.min(low, middle * lowest) : lowest,
    high: vouched ? high : high > highest ? Math.max(high, middle * highest) : highest,
  };
  return {
    low: Math.floor(bounds.low * declared.typical + rounding),
    typical: Math.round(Math.min(bounds.high, Math.max(bounds.low, typical)) * declared.typical),
    high: Math.ceil(bounds.high * declared.typical - rounding),
  };
}

/** Whether every band is the same by the one as by the other. */
export function agree(some: Durations, others: Durations): boolean {
  if (some.size > others.size) return agree(others, some);
  for (const [key, known] of others) {
    const before = some.get(key);
    if (before === known) continue;
    if (powerOf(before) !== powerOf(known)) return false;
    const [a, b] = [before && correctionOf(before), correctionOf(known)];
    if (canonical(a ?? {}) !== canonical(b ?? {})) return false;
  }
  return [...some.keys()].every((key) => others.has(key));
}

/** By the keys below. */
type Durations = ReadonlyMap<string, Experience>;

/** Names under which experience is kept. */
export const capabilityKey = (device: string, capability: string): string => `${device} ${capability}`;
export const wayKey = (from: string, to: string): string => `way ${from} ${to}`;

/** Runs that end so far outside of the declared band, or are typically so far off, as a share of what is typical. */
const worthMending = 0.1;

/** In one sentence, what has been seen beside what was declared; undefined where they agree. */
export function disagreement(key: string, known: Experience): string | undefined {
  const { declared, runs, fixed } = known;
  const { low, high } = seen(known);
  const beyond = Math.max(declared.low - low * declared.typical, high * declared.typical - declared.high);
  const shift = Math.abs(bandOf(declared, known).typical - declared.typical);
  if (Math.max(beyond, shift) <= worthMending * declared.typical) return undefined;
  const count = `(${runs} run${runs === 1 ? '' : 's'})`;
  if (!fixed) {
    const times = span(low, high, (ratio) => ratio.toFixed(2));
    return `${nameOf(key)}: has taken ${times} times what is declared as typical ${count}`;
  }
  const taken = span(low * declared.typical, high * declared.typical, durationText);
  return `${nameOf(key)}: declared ${span(declared.low, declared.high, durationText)}, has taken ${taken} ${count}`;
}

function span(low: number, high: number, text: (value: number) => string): string {
  const [from, to] = [text(low), text(high)];
  return from === to ? from : `${from} to ${to}`;
}

function nameOf(key: string): string {
  const [device = '', what = '', to] = key.split(' ');
  return to === undefined ? `${what.replaceAll('_', ' ')} on ${device}` : `way from ${what} to ${to}`;
}
