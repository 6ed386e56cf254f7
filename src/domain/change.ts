import * as z from 'zod';
import { canonical } from '../base/canonical.ts';
import { failed, failure, ok, type Failure, type Result } from '../base/failure.ts';
import { Budget, Objective, Stop, unitOf, type Campaign, type SpaceParameter } from './campaign.ts';
import { MaterialId, Name } from './ids.ts';
import { nearest } from './nearest.ts';
import { fromSi, quantity, readQuantity, writtenQuantity, type WrittenQuantity } from './quantity.ts';

/**
 * What a person changes of a campaign that runs, in the words of campaign.yaml: only what is named changes, `null` takes
 * a limit away. Quantities stay as they were written.
 */

/** Checked as a field of campaign.yaml is, but kept as text. */
const asWritten = (field: z.ZodType) =>
  z.union([z.string(), z.number()]).superRefine((text, context) => {
    for (const { message } of field.safeParse(text).error?.issues ?? []) context.addIssue({ code: 'custom', message });
  });
const limit = <T extends z.ZodType>(field: T) => field.nullable().optional();
const bound = asWritten(writtenQuantity()).optional();

const ParameterChange = z.strictObject({
  /** May be repeated from campaign.yaml; it cannot be another. */
  type: z.enum(['continuous', 'integer', 'ordinal', 'categorical']).optional(),
  min: bound,
  max: bound,
  scale: z.enum(['linear', 'log']).optional(),
  /** All levels from now on. Those left out are not tried any more; what they have taught stays. */
  levels: z
    .array(z.union([z.string(), z.number()]))
    .min(1)
    .optional(),
  /** Of new levels, or better ones of old levels. */
  descriptors: z.record(z.string(), z.array(z.number())).optional(),
});
type ParameterChange = z.infer<typeof ParameterChange>;

const ObjectiveChange = z.strictObject({
  name: Name,
  weight: limit(z.number().positive()),
  target: z.number().optional(),
  reference: limit(z.number()),
  stop_at: limit(z.number()),
});
type ObjectiveChange = z.infer<typeof ObjectiveChange>;

export const CampaignChange = z.strictObject({
  space: z.record(Name, ParameterChange).optional(),
  objectives: z.array(ObjectiveChange).min(1).optional(),
  batch: z
    .strictObject({
      size: z.int().min(1).max(1000).optional(),
      mode: z.enum(['together', 'rolling']).optional(),
      initial: limit(z.int().min(1)),
    })
    .optional(),
  budget: z
    .strictObject({
      experiments: z.int().min(1).max(1_000_000).optional(),
      time: limit(asWritten(quantity('s', { positive: true }))),
      energy: limit(asWritten(quantity('J', { positive: true }))),
      money: limit(asWritten(quantity('money', { positive: true }))),
      materials: z.record(MaterialId, asWritten(writtenQuantity()).nullable()).optional(),
    })
    .optional(),
  stop: limit(Stop),
  /** Another cap of a source's trust; null takes the source away. */
  sources: z.record(Name, z.strictObject({ cap: z.number().min(0).max(1) }).nullable()).optional(),
});
export type CampaignChange = z.infer<typeof CampaignChange>;

/** A failure on the way to the changed campaign; `where` is the path of what was written. */
class Refused extends Error {
  readonly failure: Failure;
  constructor(message: string, where: string, mend: string, code: Failure['code'] = 'input.invalid') {
    super(message);
    this.failure = failure(code, message, { ...(where === '' ? {} : { where }), mend });
  }
}

/** The campaign as it is after a change; fails where the change does not fit what the campaign varies and wants. */
export function changeCampaign(campaign: Campaign, change: CampaignChange): Result<Campaign> {
  try {
    const changed: Campaign = {
      ...campaign,
      space: changeSpace(campaign.space, change.space ?? {}),
      objectives: changeObjectives(campaign.objectives, change.objectives ?? []),
      batch: merge(campaign.batch, change.batch ?? {}),
      budget: changeBudget(campaign.budget, change.budget ?? {}),
      ...(change.sources === undefined ? {} : { sources: changeSources(campaign.sources ?? {}, change.sources) }),
    };
    const { stop, ...rest } = changed;
    const next: Campaign =
      change.stop === undefined ? changed : change.stop === null ? rest : { ...rest, stop: change.stop };
    if (next.stop?.regret_probability !== undefined && next.objectives.length > 1)
      throw new Refused(
        'The probability of regret is known of one objective only, and this campaign has several.',
        'stop.regret_probability',
        'Use "gain_below".',
      );
    if (canonical(next) === canonical(campaign))
      throw new Refused('This changes nothing: the campaign is so already.', '', 'Name what shall be different.');
    return ok(next);
  } catch (error) {
    if (error instanceof Refused) return failed(error.failure);
    throw error;
  }
}

type Merged<T> = { [K in keyof T]?: T[K] | null | undefined };

/** What is named replaces what was there; null takes it away. */
function merge<T extends object>(before: T, change: Merged<T>): T {
  const entries = Object.entries({ ...before, ...defined(change) });
  return Object.fromEntries(entries.filter(([, value]) => value !== null)) as T;
}

const defined = (values: object): object =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));

function changeSpace(space: Campaign['space'], changes: NonNullable<CampaignChange['space']>): Campaign['space'] {
  const next = { ...space };
  for (const [name, change] of Object.entries(changes)) {
    const parameter = space[name];
    if (parameter === undefined)
      throw new Refused(`The campaign varies no "${name}".`, `space.${name}`, nearest(name, Object.keys(space)));
    next[name] = changeParameter(name, parameter, change);
  }
  return next;
}

const fieldsOf: Readonly<Record<SpaceParameter['type'], readonly string[]>> = {
  continuous: ['min', 'max', 'scale'],
  integer: ['min', 'max'],
  ordinal: ['levels'],
  categorical: ['levels', 'descriptors'],
};

function changeParameter(name: string, parameter: SpaceParameter, change: ParameterChange): SpaceParameter {
  const { type = parameter.type, ...fields } = change;
  const allowed = fieldsOf[parameter.type];
  if (type !== parameter.type)
    throw new Refused(
      `"${name}" is ${parameter.type}: a parameter keeps its kind, or its earlier values would mean nothing.`,
      `space.${name}.type`,
      `Change ${allowed.join(', ')}, or begin a new campaign.`,
    );
  const foreign = Object.entries(fields).find(([key, value]) => value !== undefined && !allowed.includes(key));
  if (foreign !== undefined)
    throw new Refused(
      `"${name}" is ${parameter.type} and has no "${foreign[0]}".`,
      `space.${name}.${foreign[0]}`,
      `Change ${allowed.join(', ')}.`,
    );
  const { min, max, scale, levels, descriptors } = fields;
  const written = (text: string | number, field: string) => inUnitOf(parameter, text, `space.${name}.${field}`);
  switch (parameter.type) {
    case 'continuous':
      return merge(parameter, {
        min: min === undefined ? undefined : written(min, 'min'),
        max: max === undefined ? undefined : written(max, 'max'),
        scale,
      });
    case 'integer':
      return merge(parameter, { min: whole(min, `space.${name}.min`), max: whole(max, `space.${name}.max`) });
    case 'ordinal':
      return merge(parameter, { levels: levels?.map((level) => written(level, 'levels')) });
    case 'categorical':
      return changeCategory(name, parameter, levels, descriptors);
  }
}

/** Earlier experiments are kept as numbers in the parameter's unit, so new values come into that unit, too. */
function inUnitOf(parameter: SpaceParameter, text: string | number, where: string): WrittenQuantity {
  const unit = unitOf(parameter);
  const read = readQuantity(text, unit);
  if (!read.ok) throw new Refused(read.failure.message, where, read.failure.mend ?? '', read.failure.code);
  const { si, value, unit: given } = read.value;
  return { unit, si, value: given === unit ? value : Number(fromSi(si, unit).toPrecision(12)) };
}

function whole(text: string | number | undefined, where: string): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isSafeInteger(value)) return value;
  throw new Refused(`"${text}" is not a whole number.`, where, 'Write a whole number without a unit.');
}

type Category = Extract<SpaceParameter, { type: 'categorical' }>;

/** A level that was left out is retired, not forgotten; one that is named again comes back. */
function changeCategory(
  name: string,
  parameter: Category,
  levels: ParameterChange['levels'] = parameter.levels,
  descriptors?: Category['descriptors'],
): Category {
  const texts = levels.map((level) => {
    if (typeof level === 'string') return level;
    throw new Refused(`The level ${level} is no text.`, `space.${name}.levels`, `Write "${level}" with quotes.`);
  });
  const { retired: before = [], ...rest } = parameter;
  const retired = [...before, ...parameter.levels].filter((level) => !texts.includes(level));
  const described = descriptors === undefined ? {} : { descriptors: { ...parameter.descriptors, ...descriptors } };
  return { ...rest, levels: texts, ...described, ...(retired.length === 0 ? {} : { retired }) };
}

function changeObjectives(objectives: Campaign['objectives'], changes: readonly ObjectiveChange[]): Objective[] {
  const names = objectives.map(({ name }) => name);
  const unknown = changes.find(({ name }) => !names.includes(name));
  if (unknown !== undefined)
    throw new Refused(`The campaign has no objective "${unknown.name}".`, 'objectives', nearest(unknown.name, names));
  return objectives.map((objective) => changes.filter(({ name }) => name === objective.name).reduce(one, objective));

  function one(objective: Objective, { name, ...change }: ObjectiveChange): Objective {
    const where = `objectives.${name}`;
    if (change.target !== undefined && objective.goal !== 'target')
      throw new Refused(`The goal of "${name}" is to ${objective.goal} it: it has no target.`, where, 'Leave it out.');
    if (change.weight !== undefined && objectives.length === 1)
      throw new Refused(
        `A weight of "${name}" would change nothing: it is the only objective.`,
        where,
        'Leave the weight out.',
      );
    return merge(objective, change);
  }
}

function changeSources(
  sources: NonNullable<Campaign['sources']>,
  changes: NonNullable<CampaignChange['sources']>,
): NonNullable<Campaign['sources']> {
  const next = { ...sources };
  for (const [name, change] of Object.entries(changes)) {
    const source = sources[name];
    if (source === undefined)
      throw new Refused(
        `The campaign has no source "${name}".`,
        `sources.${name}`,
        nearest(name, Object.keys(sources)),
      );
    if (change === null) delete next[name];
    else next[name] = { ...source, cap: change.cap };
  }
  return next;
}

function changeBudget(budget: Campaign['budget'], change: NonNullable<CampaignChange['budget']>): Campaign['budget'] {
  const { materials = {}, ...limits } = change;
  const read = Budget.partial().parse(
    Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== null && value !== undefined)),
  );
  const { materials: _, ...values } = read;
  const gone = Object.fromEntries(Object.entries(limits).filter(([, value]) => value === null));
  const written = Object.entries(materials).map(([material, text]) => [
    material,
    text === null ? null : writtenQuantity().parse(text),
  ]);
  return {
    ...merge(budget, { ...values, ...gone }),
    materials: merge(budget.materials, Object.fromEntries(written) as Campaign['budget']['materials']),
  };
}

/** What a change says, in one line: `temperature max 95 degC, batch size 8`. */
export function describeChange({ space = {}, objectives = [], stop, ...rest }: CampaignChange): string {
  const named = Object.fromEntries(objectives.map(({ name, ...values }) => [name, values]));
  const flat = (value: unknown, path: string): string[] => {
    if (value === undefined) return [];
    if (value === null) return [`${path} none`];
    if (Array.isArray(value)) return [`${path} ${value.join(' | ')}`];
    if (typeof value !== 'object') return [`${path} ${String(value)}`];
    return Object.entries(value).flatMap(([name, member]) => flat(member, `${path} ${name.replaceAll('_', ' ')}`));
  };
  const all = { ...space, ...named, ...rest, ...(stop === undefined ? {} : { stop }) };
  return Object.entries(all)
    .flatMap(([name, value]) => flat(value, name))
    .join(', ');
}
