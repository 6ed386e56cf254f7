import { isDeepStrictEqual } from 'node:util';
import { schemaViolation } from '../../domain/descriptor.ts';

/** Values made from a JSON Schema: the smallest that it accepts, and one that it refuses. */

type Schema = Readonly<Record<string, unknown>>;

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const numberOf = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);

/** A value that the schema accepts, or undefined when none could be made. */
export function instanceOf(schema: Schema): unknown {
  const value = make(schema, schema, 0);
  return schemaViolation({ ...schema }, value) === undefined ? value : undefined;
}

const deepest = 16;

function make(schema: unknown, root: Schema, depth: number): unknown {
  if (!isSchema(schema) || depth > deepest) return {};
  if ('const' in schema) return schema['const'];
  if (Array.isArray(schema['enum'])) return schema['enum'][0];
  if ('default' in schema) return schema['default'];
  if (typeof schema['$ref'] === 'string') return make(referred(schema['$ref'], root), root, depth + 1);
  for (const word of ['anyOf', 'oneOf'])
    if (Array.isArray(schema[word]))
      return make({ ...schema, [word]: undefined, ...firstOf(schema[word]) }, root, depth);
  if (Array.isArray(schema['allOf'])) return make(merged(schema, schema['allOf'].filter(isSchema)), root, depth + 1);
  return makeTyped(schema, root, depth);
}

function makeTyped(schema: Schema, root: Schema, depth: number): unknown {
  const type = Array.isArray(schema['type']) ? (schema['type'][0] as unknown) : schema['type'];
  if (type === 'boolean') return false;
  if (type === 'null') return null;
  if (type === 'number' || type === 'integer') return makeNumber(schema, type === 'integer');
  if (type === 'string') return makeString(schema);
  if (type === 'array') return makeArray(schema, root, depth);
  return makeObject(schema, root, depth);
}

const firstOf = (options: readonly unknown[]): Schema => options.find(isSchema) ?? {};

function referred(ref: string, root: Schema): unknown {
  const steps = ref.replace(/^#\/?/, '').split('/').filter(Boolean);
  return steps.reduce<unknown>(
    (at, step) => (isSchema(at) ? at[step.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined),
    root,
  );
}

function merged(schema: Schema, parts: readonly Schema[]): Schema {
  const all = [{ ...schema, allOf: undefined }, ...parts];
  const members = (word: string) => all.map((part) => part[word]);
  return {
    ...Object.assign({}, ...all),
    properties: Object.assign({}, ...members('properties')),
    required: members('required').flatMap((names) => (Array.isArray(names) ? names : [])),
  };
}

function makeObject(schema: Schema, root: Schema, depth: number): Record<string, unknown> {
  const properties = isSchema(schema['properties']) ? schema['properties'] : {};
  const required = Array.isArray(schema['required']) ? (schema['required'] as string[]) : [];
  const names = new Set(required);
  const fewest = numberOf(schema['minProperties']) ?? 0;
  for (const name of Object.keys(properties)) if (names.size < fewest) names.add(name);
  const other = schema['additionalProperties'];
  const allowed = isSchema(schema['propertyNames']) ? schema['propertyNames']['enum'] : undefined;
  const spare = Array.isArray(allowed) ? (allowed as string[]) : ['a', 'b', 'c', 'd'];
  for (const name of spare) if (names.size < fewest) names.add(name);
  return Object.fromEntries([...names].map((name) => [name, make(properties[name] ?? other, root, depth + 1)]));
}

function makeArray(schema: Schema, root: Schema, depth: number): unknown[] {
  const heads = Array.isArray(schema['prefixItems']) ? (schema['prefixItems'] as unknown[]) : [];
  const length = Math.max(heads.length, numberOf(schema['minItems']) ?? 0);
  return Array.from({ length: Math.min(length, 1000) }, (_, i) => make(heads[i] ?? schema['items'], root, depth + 1));
}

/** The least that is allowed; zero, or what is nearest to it, where nothing bounds it from below. */
function makeNumber(schema: Schema, whole: boolean): number {
  const step = numberOf(schema['multipleOf']) ?? (whole ? 1 : undefined);
  const above = numberOf(schema['exclusiveMinimum']);
  const least = numberOf(schema['minimum']) ?? above;
  const most = numberOf(schema['maximum']) ?? numberOf(schema['exclusiveMaximum']);
  const open = above !== undefined && (least === undefined || above >= least);
  if (step !== undefined) {
    const lowest = Math.ceil((least ?? Math.min(0, most ?? 0)) / step);
    return (open && lowest * step <= above ? lowest + 1 : lowest) * step;
  }
  if (open) return most === undefined ? above + 1 : (above + most) / 2;
  return least ?? Math.min(0, most === undefined ? 0 : most - Math.abs(most) / 2);
}

const texts: readonly string[] = [
  ...['a', 'A', '1', 'A1', 'a1', 'certify', 'certify-1', 'CERTIFY_1', '0.1', '1.0.0', '12', '123', '0000'],
  ...['2026-01-05T08:00:00.000Z', '2026-01-05', '08:00:00', '08:00:00Z', 'PT1S', 'a@example.org', '127.0.0.1', '::1'],
  ...['https://example.org/', 'example.org', '00000000-0000-4000-8000-000000000000'],
];

function makeString(schema: Schema): string {
  const shortest = numberOf(schema['minLength']) ?? 0;
  const padded = [...texts, ...texts.map((text) => text.padEnd(shortest, 'a')), 'a'.repeat(shortest)];
  return padded.find((text) => schemaViolation({ ...schema, type: 'string' }, text) === undefined) ?? 'a';
}

/** Parameters that the schema refuses, each differing from `accepted` in one way; undefined when it accepts everything. */
export function refusedBy(
  schema: Schema,
  accepted: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> | undefined {
  const wrongKind = Object.keys(accepted).flatMap((name) =>
    [[{ certify: true }], 'certify', -1e12, 1e12].map((value) => ({ ...accepted, [name]: value })),
  );
  const without = Object.keys(accepted).map((name) =>
    Object.fromEntries(Object.entries(accepted).filter(([other]) => other !== name)),
  );
  const more = { ...accepted, certify_not_a_parameter: 1 };
  return [...wrongKind, ...without, more].find(
    (candidate) => !isDeepStrictEqual(candidate, accepted) && schemaViolation({ ...schema }, candidate) !== undefined,
  );
}
