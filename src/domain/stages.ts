import type { Definition } from './campaign.ts';
import { isExpression, namesIn } from './expression.ts';
import type { DeviceId } from './ids.ts';
import type { Lab } from './lab.ts';
import type { ParameterValue, Protocol, Stage, Step } from './protocol.ts';

/**
 * Stages that are decided one after the other. A stage of the protocol after which samples may be held ends a leg of the
 * sample's way: the parameters of the next leg are chosen when what this one observes is known, or the sample is dropped.
 */
export interface Leg {
  /** Of its last stage. */
  readonly id: string;
  readonly stages: readonly Stage[];
  /** Index of its first stage in the protocol. */
  readonly first: number;
  /** Parameters of the search space that it is the first to need. */
  readonly parameters: readonly string[];
}

/** Whether the campaign decides after proxies: it does where its protocol says that samples may be held, unless told not to. */
export const isStaged = ({ campaign, protocol }: Pick<Definition, 'campaign' | 'protocol'>): boolean =>
  campaign.stages?.decide !== 'at_start' && protocol.stages.slice(0, -1).some(({ hold }) => hold !== undefined);

/** Whether the sample waits for a decision after the stage of that index. */
export const decidesAfter = (definition: Pick<Definition, 'campaign' | 'protocol'>, stage: number): boolean =>
  isStaged(definition) &&
  stage < definition.protocol.stages.length - 1 &&
  definition.protocol.stages[stage]?.hold !== undefined;

/** The legs of a campaign in their order; one where nothing is decided on the way. */
export function legsOf(definition: Pick<Definition, 'campaign' | 'protocol'>): Leg[] {
  const { stages } = definition.protocol;
  const ends = stages.flatMap((_, i) => (i === stages.length - 1 || decidesAfter(definition, i) ? [i] : []));
  const known = new Set<string>();
  const legs = ends.map((end, k): Leg => {
    const first = k === 0 ? 0 : ends[k - 1]! + 1;
    const own = stages.slice(first, end + 1);
    const mentioned = new Set(own.flatMap(expressionsOf).flatMap((text) => [...namesIn(text)]));
    const parameters = Object.keys(definition.campaign.space).filter((name) => mentioned.has(name) && !known.has(name));
    for (const name of parameters) known.add(name);
    return { id: stages[end]!.id, stages: own, first, parameters };
  });
  // What no expression mentions has to be chosen at some time: at once.
  const idle = Object.keys(definition.campaign.space).filter((name) => !known.has(name));
  return legs.map((leg, k) => (k === 0 ? { ...leg, parameters: [...leg.parameters, ...idle] } : leg));
}

/** The leg that the stage of that index belongs to. */
export const legAt = (legs: readonly Leg[], stage: number): Leg =>
  legs.findLast(({ first }) => first <= stage) ?? legs[0]!;

export const lastStageOf = ({ first, stages }: Leg): number => first + stages.length - 1;

/** Where samples wait after a stage; undefined in a lab in which nothing is carried. */
export function holdRack({ racks, transport }: Lab, hold: Stage['hold']): DeviceId | undefined {
  if (transport === undefined) return undefined;
  return hold?.in ?? (Object.keys(racks)[0] as DeviceId | undefined);
}

/** The expressions of a step's parameters and recipe. */
export function expressionsOfStep({ parameters, recipe }: Step): string[] {
  const texts = (value: ParameterValue): string[] => {
    if (isExpression(value)) return [value];
    if (typeof value !== 'object') return [];
    return (Array.isArray(value) ? (value as ParameterValue[]) : Object.values(value)).flatMap(texts);
  };
  return [...texts(parameters), ...(recipe === undefined ? [] : [recipe])];
}

const expressionsOf = ({ steps, observes }: Stage): string[] => [
  ...steps.flatMap(expressionsOfStep),
  ...Object.values(observes),
];

/** Time from the end of the step before to the start of this one, s; the shelf life of a held sample bounds it, too. */
export function waitBefore({ stages }: Protocol, stage: number, step: number): { min: number; max?: number } {
  const { min = 0, max } = stages[stage]?.steps[step]?.wait ?? {};
  const shelfLife = step === 0 ? stages[stage - 1]?.hold?.for : undefined;
  const bounds = [max, shelfLife].filter((bound) => bound !== undefined);
  return { min, ...(bounds.length === 0 ? {} : { max: Math.min(...bounds) }) };
}
