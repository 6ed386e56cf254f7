import { failed, failure, ok, type Result } from '../base/failure.ts';
import type { Json } from '../base/canonical.ts';
import { unitOf, type Definition } from './campaign.ts';
import { schemaViolation, type Capability } from './descriptor.ts';
import type { Amount } from './event.ts';
import { evaluate, isExpression, type Scope, type ScopeValue } from './expression.ts';
import { MaterialId } from './ids.ts';
import { compatible, fromSi, readQuantity, toSi } from './quantity.ts';
import type { ParameterValue, Step } from './protocol.ts';

/** Turns what a protocol says into what a device is told, and what a device answers into observations. */

export type Point = Readonly<Record<string, number | string>>;
/** Step id to the result that its device reported, in the units of the capability. */
export type Results = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Constants, the parameters of one experiment in SI as far as they are chosen, and results in SI under `step.name`. */
export function scopeOf(definition: Definition, point: Point, results: Scope = {}): Scope {
  const scope: Record<string, ScopeValue> = {};
  for (const [name, value] of Object.entries(definition.protocol.constants)) {
    const read = typeof value === 'string' ? readQuantity(value) : undefined;
    scope[name] = read?.ok ? read.value.si : value;
  }
  for (const [name, parameter] of Object.entries(definition.campaign.space)) {
    const value = point[name];
    // Parameters of later stages are not chosen yet.
    if (value !== undefined) scope[name] = typeof value === 'number' ? toSi(value, unitOf(parameter)) : value;
  }
  return { ...scope, ...results };
}

/** The recipe of a step as text; undefined when it has none, or it hangs on what is not known yet. */
export function recipeOf({ recipe }: Pick<Step, 'recipe'>, scope: Scope): string | undefined {
  const value = recipe === undefined ? undefined : evaluate(recipe, scope);
  return value?.ok ? String(value.value) : undefined;
}

/** A device's result as it appears in expressions: numbers with a unit in SI, nested maps kept. */
export function resultScope(capability: Capability, result: Readonly<Record<string, unknown>>): ScopeValue {
  const convert = (value: unknown, unit: string | undefined): ScopeValue | undefined => {
    if (typeof value === 'number') return unit === undefined ? value : toSi(value, unit);
    if (typeof value === 'string' || typeof value === 'boolean') return value;
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined;
    return Object.fromEntries(
      Object.entries(value).flatMap(([name, member]) => {
        const converted = convert(member, unit ?? capability.units[name]);
        return converted === undefined ? [] : [[name, converted]];
      }),
    );
  };
  return convert(result, undefined) ?? {};
}

/** The command's parameters in wire units, checked against the capability's schema and limits. */
export function resolveParameters(
  step: Step,
  capability: Capability,
  scope: Scope,
  sample: string,
): Result<Record<string, Json>> {
  const properties = capability.parameters['properties'] as Record<string, unknown> | undefined;
  const parameters: Record<string, Json> = properties?.['sample'] === undefined ? {} : { sample };
  for (const [name, value] of Object.entries(step.parameters)) {
    const resolved = resolveValue(value, capability.units[name], scope, `${step.id}.${name}`);
    if (!resolved.ok) return resolved;
    parameters[name] = resolved.value;
  }
  const violation = schemaViolation(capability.parameters, parameters);
  if (violation === undefined) return ok(parameters);
  return failed(
    failure(
      'input.invalid',
      `Step "${step.id}" (${capability.name}) has a parameter that its device does not take: ${violation}`,
      {
        mend: 'Change the search space or the protocol so that it stays within the limits of the device.',
      },
    ),
  );
}

function resolveValue(value: ParameterValue, unit: string | undefined, scope: Scope, name: string): Result<Json> {
  if (isExpression(value)) {
    const result = evaluate(value, scope);
    if (!result.ok || typeof result.value === 'string' || unit === undefined) return result;
    return ok(rounded(fromSi(result.value, unit)));
  }
  if (typeof value === 'string' && unit !== undefined) return resolveQuantity(value, unit, name);
  if (value === null || typeof value !== 'object') return ok(value);
  if (Array.isArray(value)) {
    const items: Json[] = [];
    for (const item of value as readonly ParameterValue[]) {
      const resolved = resolveValue(item, unit, scope, name);
      if (!resolved.ok) return resolved;
      items.push(resolved.value);
    }
    return ok(items);
  }
  const members: Record<string, Json> = {};
  for (const [key, member] of Object.entries(value as Readonly<Record<string, ParameterValue>>)) {
    const resolved = resolveValue(member, unit, scope, `${name}.${key}`);
    if (!resolved.ok) return resolved;
    members[key] = resolved.value;
  }
  return ok(members);
}

function resolveQuantity(text: string, unit: string, name: string): Result<number> {
  const read = readQuantity(text);
  if (!read.ok) return read;
  if (!compatible(read.value.unit, unit))
    return failed(failure('unit.invalid', `"${name}" is "${text}", but its device measures it in ${unit}.`));
  return ok(rounded(fromSi(read.value.si, unit)));
}

/** Conversions to SI and back leave noise in the last digits, which would make equal commands look different. */
const rounded = (value: number): number => Number(value.toPrecision(12));

/** What a command uses up, in SI, by the capability's own account. */
export function consumptionOf(capability: Capability, parameters: Readonly<Record<string, unknown>>): Amount[] {
  const amounts: Amount[] = [];
  for (const consumption of capability.consumes) {
    const unit = capability.units[consumption.parameter] ?? '1';
    const value = parameters[consumption.parameter];
    const entries =
      consumption.material === undefined
        ? Object.entries((value ?? {}) as Record<string, number>)
        : [[String(parameters[consumption.material]), value as number] as const];
    for (const [material, amount] of entries)
      if (amount > 0) amounts.push({ material: MaterialId.parse(material), amount: toSi(amount, unit) });
  }
  return amounts;
}

export interface DurationMs {
  readonly low: number;
  readonly typical: number;
  readonly high: number;
}

/** How long a command takes, in ms, by the capability's duration model; ordered even where the model is not. */
export function durationOf(capability: Capability, parameters: Readonly<Record<string, unknown>>): Result<DurationMs> {
  const seconds: number[] = [];
  for (const term of [capability.duration.low, capability.duration.typical, capability.duration.high]) {
    const value = typeof term === 'number' ? ok(term) : evaluate(term, parameters as Scope);
    if (!value.ok) return value;
    seconds.push(Math.max(0, Number(value.value)));
  }
  const [low, typical, high] = seconds.map((s) => Math.round(s * 1000)) as [number, number, number];
  return ok({ low: Math.min(low, typical), typical, high: Math.max(typical, high) });
}
