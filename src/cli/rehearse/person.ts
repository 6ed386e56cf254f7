import { presence, skilled } from '../../domain/calendar.ts';
import { union, type Span } from '../../domain/hours.ts';
import type { Lab } from '../../domain/lab.ts';

/** How long it takes a person who is there to answer for a command in doubt, lab ms. */
const answerMs = 20 * 60_000;
/** Nobody plans further ahead, lab ms. */
const horizonMs = 28 * 86_400_000;

/** When somebody is there, whatever their skills; undefined where the lab names nobody, and somebody always is. */
export const staffed = (lab: Lab, within: Span): Span[] | undefined =>
  lab.people && union(Object.keys(lab.people).flatMap((person) => presence(lab, person, within)));

/** When a question of lab time `asked` is answered, lab ms; undefined where nobody comes within four weeks. */
export function answeredAt(lab: Lab, asked: number): number | undefined {
  const spans = staffed(lab, { from: asked, to: asked + horizonMs });
  if (spans === undefined) return asked + answerMs;
  const from = spans.find((span) => span.from + answerMs <= span.to)?.from;
  return from === undefined ? undefined : from + answerMs;
}

/** A stretch in which a person who may refill stock is there. */
export interface Watch extends Span {
  readonly person: string;
}

/** When who with the skill `stock` is there, in order of time; undefined where the lab names nobody. */
export const stockWatches = (lab: Lab, within: Span): Watch[] | undefined =>
  lab.people &&
  skilled(lab, 'stock')
    .flatMap((person) => presence(lab, person, within).map((span) => ({ ...span, person })))
    .sort((a, b) => a.from - b.from);
