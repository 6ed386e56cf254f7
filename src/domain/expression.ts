import { createRequire } from 'node:module';
import type { EvalFunction, SymbolNode } from 'mathjs/number';
import { failed, failure, ok, type Result } from '../base/failure.ts';

/**
 * Expressions in protocols and descriptors: text that begins with "=", evaluated by a library over a scope of SI numbers
 * and named results. No names but those of the scope and of mathematics are reachable.
 */
type Compiler = (text: string) => Code;
let compiler: Compiler | undefined;

interface Code {
  readonly run: EvalFunction;
  /** Names that the scope has to know; empty where the text defines names of its own. */
  readonly needs: readonly string[];
}

const unreachableNames = [
  'import',
  'createUnit',
  'evaluate',
  'parse',
  'simplify',
  'derivative',
  'resolve',
  'reviver',
  'parser',
  'chain',
];

/** The library takes most of a second to load, so it is loaded for the first expression. */
function loadCompiler(): Compiler {
  const { all, create } = createRequire(import.meta.url)('mathjs/number') as typeof import('mathjs/number');
  const math = create(all!, {});
  const parse = math.parse!;
  const known = new Set(Object.keys(math));
  const refuse = (name: string) => () => {
    throw new Error(`${name} is not available in expressions`);
  };
  math.import!(Object.fromEntries(unreachableNames.map((name) => [name, refuse(name)])), { override: true });
  return (text) => {
    const node = parse(text);
    const definesNames = node.filter(({ type }) => type.includes('Assignment')).length > 0;
    const names = node.filter(({ type }) => type === 'SymbolNode').map((symbol) => (symbol as SymbolNode).name);
    return { run: node.compile(), needs: definesNames ? [] : names.filter((name) => !known.has(name)) };
  };
}

export type ScopeValue = number | string | boolean | { readonly [name: string]: ScopeValue };
export type Scope = Readonly<Record<string, ScopeValue>>;

const compiled = new Map<string, Code>();

export const isExpression = (value: unknown): value is string => typeof value === 'string' && value.startsWith('=');

/** total({a: 1, b: 2}) = 3: the sum over a map, which arithmetic alone cannot write. */
const total = (map: Readonly<Record<string, number>>): number => Object.values(map).reduce((sum, x) => sum + x, 0);

function compile(text: string): Result<Code> {
  const known = compiled.get(text);
  if (known !== undefined) return ok(known);
  try {
    compiler ??= loadCompiler();
    const code = compiler(text.slice(1));
    compiled.set(text, code);
    return ok(code);
  } catch (error) {
    return failed(
      failure('expression.invalid', `The expression "${text}" cannot be read: ${(error as Error).message}.`, {
        mend: 'Use numbers, names of parameters, results as step.name, + - * / ^ and functions like sqrt, min, max, exp.',
      }),
    );
  }
}

/** Names in an expression that are neither functions nor numbers of mathematics; empty when the text cannot be read. */
export function namesIn(text: string): ReadonlySet<string> {
  const code = compile(text);
  return new Set(code.ok ? code.value.needs : []);
}

/** Null when the text can be read. */
export function checkExpression(text: string): Result<null> {
  const code = compile(text);
  return code.ok ? ok(null) : code;
}

/** The value of an expression; fails with a sentence when a name is missing or the value is no finite number. */
export function evaluate(text: string, scope: Scope): Result<number | string> {
  const code = compile(text);
  if (!code.ok) return code;
  const { run, needs } = code.value;
  // Results that are still to come are asked for at every planning: the library's own error would be dear.
  const unknown = needs.find((name) => !(name in scope) && name !== 'total');
  if (unknown !== undefined) return fails(text, `Undefined symbol ${unknown}`, scope);
  let value: unknown;
  try {
    value = run.evaluate({ ...scope, total });
  } catch (error) {
    return fails(text, (error as Error).message, scope);
  }
  if (typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value))) return ok(value);
  if (typeof value === 'boolean') return ok(Number(value));
  return failed(failure('expression.invalid', `The expression "${text}" gives ${String(value)}, not a finite number.`));
}

const fails = (text: string, why: string, scope: Scope): Result<never> =>
  failed(
    failure('expression.invalid', `The expression "${text}" fails: ${why}.`, {
      mend: `Names known here: ${Object.keys(scope).join(', ')}.`,
    }),
  );
