import { isMap, isNode, isScalar, LineCounter, parseDocument, type Document } from 'yaml';
import * as z from 'zod';
import { failure, FailureError, type Failure } from '../base/failure.ts';
import { nearest } from './nearest.ts';

/** A file after reading: its value, or everything that is wrong with it. */
export type Checked<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failures: readonly Failure[] };

type Path = readonly PropertyKey[];

/** Tells where in a file something stands, as `file:line`. */
export type Locate = (path: Path) => string;

/** A setting that was found wrong after its file had been read: the path leads whoever has the file to the line. */
export class SettingError extends FailureError {
  readonly path: Path;

  constructor(failure: Failure, path: Path) {
    super(failure);
    this.path = path;
  }
}

/** Runs what may find a setting of a file wrong; its failures come out with file and line. */
export function located<T>(locate: Locate, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof SettingError)) throw error;
    throw new FailureError({ ...error.failure, where: locate(error.path) });
  }
}

/** Reads YAML text against a schema; every failure names file and line, and the mend where one is known. */
export function readDocument<T extends z.ZodType>(
  text: string,
  file: string,
  schema: T,
): Checked<z.output<T>> & { readonly locate: Locate } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const locate: Locate = (path) => `${file}:${lineOf(document, lines, path)}`;
  if (document.errors.length > 0) {
    const failures = document.errors.map((error) =>
      failure('input.invalid', `The YAML cannot be read: ${firstSentence(error.message)}.`, {
        where: `${file}:${lines.linePos(error.pos[0]).line}`,
        mend: 'Check the indentation and the quotes of this line.',
      }),
    );
    return { ok: false, failures, locate };
  }
  const parsed = schema.safeParse(document.toJS({ maxAliasCount: 100 }) ?? {});
  if (parsed.success) return { ok: true, value: parsed.data, locate };
  const wrong = parsed.error.issues.flatMap((issue) => describeIssue(issue, schema));
  return { ok: false, failures: wrong.map(({ failure, path }) => ({ ...failure, where: locate(path) })), locate };
}

const firstSentence = (message: string): string => message.split('\n')[0]!.replace(/[.:]$/, '');

/** The line of the deepest node that exists on a path; a key that is too much is found as a key. */
function lineOf(document: Document, lines: LineCounter, path: Path): number {
  for (let length = path.length; length > 0; length--) {
    const parent = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    const name = path[length - 1];
    if (isMap(parent)) {
      const pair = parent.items.find((item) => isScalar(item.key) && item.key.value === name);
      if (pair !== undefined && isNode(pair.key) && pair.key.range) return lines.linePos(pair.key.range[0]).line;
    }
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}

/** What a schema objects to, in sentences; `prefix` is where the schema's subject stands in its file. */
export function describeIssue(
  issue: z.core.$ZodIssue,
  schema: z.ZodType,
  prefix: Path = [],
): readonly { readonly failure: Failure; readonly path: Path }[] {
  const path = [...prefix, ...issue.path];
  const name = path.length === 0 ? 'The file' : `"${path.join('.')}"`;
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(schema, issue.path);
    return issue.keys.map((key) => {
      const place = [...path, key];
      const sentence = `"${place.join('.')}" is not known here.`;
      return { failure: failure('input.invalid', sentence, { mend: nearest(key, known) }), path: place };
    });
  }
  if (issue.code === 'invalid_union') {
    const deepest = issue.errors
      .flat()
      .sort((a, b) => b.path.length - a.path.length || rank(a) - rank(b))
      .at(0);
    if (deepest !== undefined)
      return describeIssue({ ...deepest, path: [...issue.path, ...deepest.path] }, schema, prefix);
  }
  const missing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
  const message = missing ? `${name} is missing.` : `${name} ${predicate(issue.message)}`;
  return [{ failure: failure('input.invalid', message), path }];
}

/** Our own messages before the library's "invalid input". */
const rank = (issue: z.core.$ZodIssue): number =>
  issue.code === 'custom' ? 0 : issue.code === 'invalid_value' ? 2 : 1;

function predicate(message: string): string {
  const text = message.endsWith('.') ? message : `${message}.`;
  if (/^(is|has|must|needs|the) /.test(text)) return text;
  return `cannot be used: ${text}`;
}

interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: SchemaNode | boolean;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly oneOf?: readonly SchemaNode[];
}

/** The keys that a schema allows at a path. */
function knownKeys(schema: z.ZodType, path: Path): string[] {
  const root = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', reused: 'inline' }) as SchemaNode;
  let nodes: SchemaNode[] = [root];
  const spread = (node: SchemaNode): SchemaNode[] => [
    node,
    ...[...(node.anyOf ?? []), ...(node.oneOf ?? [])].flatMap(spread),
  ];
  for (const name of path) {
    nodes = nodes.flatMap(spread).flatMap((node) => {
      const next =
        typeof name === 'number' ? node.items : (node.properties?.[String(name)] ?? node.additionalProperties);
      return typeof next === 'object' ? [next] : [];
    });
  }
  return nodes.flatMap(spread).flatMap((node) => Object.keys(node.properties ?? {}));
}
