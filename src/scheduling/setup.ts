import { detourIn, unnamed } from '../domain/detour.ts';
import type { Resource, Use } from './model.ts';

/** How long a resource is set up between two uses, ms. */
export const setupTime = ({ setup = 0, changes = [] }: Resource, from?: string, to?: string): number =>
  from === to ? 0 : (changes.find((change) => change.from === from && change.to === to)?.time ?? setup);

/** The longest time that setting it up can take, ms. */
export const longestSetup = ({ setup = 0, changes = [] }: Pick<Resource, 'setup' | 'changes'>): number =>
  changes.reduce((longest, { time }) => Math.max(longest, time), setup);

/** When a resource is set up for a recipe after what it was last used for, ms; -Infinity when it need not be. */
export const setUpAt = (resource: Resource, last: Use | undefined, recipe: string | undefined): number =>
  last === undefined ? -Infinity : last.end + setupTime(resource, last.recipe, recipe);

/** A use that is planned, ms. */
export interface PlannedUse extends Use {
  readonly start: number;
}

/**
 * The earliest t >= from at which a use of a resource can begin that takes `length`, so that there is time to set up before
 * and after it; `uses` are the others, by their starts. Those next to it are enough, because no change takes longer than
 * one over a recipe between.
 */
export function fitBetween(
  resource: Resource,
  uses: readonly PlannedUse[],
  from: number,
  length: number,
  recipe: string | undefined,
): number {
  let t = Math.max(from, setUpAt(resource, resource.last, recipe));
  for (const use of uses) {
    const after = setUpAt(resource, use, recipe);
    if (after <= t) continue;
    if (t + length + setupTime(resource, recipe, use.recipe) <= use.start) return t;
    t = after;
  }
  return t;
}

/** Uses of resources that are set up, each with the latest time at which it ends. */
export class LatestUses {
  readonly #uses = new Map<string, { readonly resource: Resource; readonly uses: Use[] }>();

  constructor(resources: readonly Resource[]) {
    for (const resource of resources)
      if (resource.setup !== undefined)
        this.#uses.set(resource.id, { resource, uses: resource.last === undefined ? [] : [resource.last] });
  }

  add(resource: string, recipe: string | undefined, end: number): void {
    this.#uses.get(resource)?.uses.push(recipe === undefined ? { end } : { recipe, end });
  }

  /** When the resource is surely set up for a recipe, ms; -Infinity when nobody need wait for that. */
  setUpAt(resource: string, recipe: string | undefined): number {
    const known = this.#uses.get(resource);
    if (known === undefined) return -Infinity;
    return Math.max(-Infinity, ...known.uses.map((use) => setUpAt(known.resource, use, recipe)));
  }
}

/** What makes the set-up of a resource meaningless, as one sentence; undefined when it is sound. */
export function defectOfSetup(resource: Resource): string | undefined {
  const { id, kind, concurrency, setup, changes = [] } = resource;
  if (setup === undefined)
    return changes.length === 0 ? undefined : `${id} has set-up times between recipes, but none between all others.`;
  if (kind === 'rack') return `${id} is a rack, which is not set up for anything.`;
  if (kind === 'station' && concurrency > 1)
    return `${id} works on ${concurrency} samples at once, so that it cannot be set up between two uses; only one that works on one at a time, or on a batch, can.`;
  for (const time of [setup, ...changes.map((change) => change.time)])
    if (!(time >= 0 && time < Infinity)) return `Setting ${id} up takes ${time} ms, which is no time.`;
  return defectOfChanges(resource);
}

/** A change that takes longer than one over a third recipe would make a plan wrong when a use is taken out of it. */
function defectOfChanges(resource: Resource): string | undefined {
  const { id, changes = [] } = resource;
  for (const { from, to } of changes)
    if (from === to) return `${id} is set up between ${from} and ${to}, which are one recipe and need no set-up.`;
  const detour = detourIn(changes, (from, to) => setupTime(resource, from, to));
  if (detour === undefined) return undefined;
  const { from, over, to, straight, around } = detour;
  return `Setting ${id} up from ${nameOf(from)} to ${nameOf(to)} takes ${straight} ms, but over ${nameOf(over)} only ${around} ms; a change must not take longer than one over another recipe.`;
}

const nameOf = (recipe: string): string => (unnamed.some((name) => name === recipe) ? unnamed[1] : recipe);
