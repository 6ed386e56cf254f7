import { createRequire } from 'node:module';
import type { EvalFunction } from 'mathjs/number';
import { failed, failure, ok, type Result } from '../base/failure.ts';

/**
 * Expressions in protocols and descriptors: text that begins with "=", evaluated by a library over a scope of SI numbers
 * and named results. No names but those of the scope and of mathematics are reachable.
 */
type Compiler = (text: string) => EvalFunction;
let compiler: Compiler | undefined;

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
  const compile = math.compile!;
  const refuse = (name: string) => () => {
    throw new Error(`${name} is not available in expressions`);
  };
  math.import!(Object.fromEntries(unreachableNames.map((name) => [name, refuse(name)])), { override: true });
  return compile;
}

export type ScopeValue = number | string | boolean | { readonly [name: string]: ScopeValue };
export type Scope = Readonly<Record<string, ScopeValue>>;

const compiled = new Map<string, EvalFunction>();

export const isExpression = (value: unknown): value is string => typeof value === 'string' && value.startsWith('=');

/** total({a: 1, b: 2}) = 3: the sum over a map, which arithmetic alone cannot write. */
const total = (map: Readonly<Record<string, number>>): number => Object.values(map).reduce((sum, x) => sum + x, 0);

function compile(text: string): Result<EvalFunction> {
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

/** Null when the text can be read. */
export function checkExpression(text: string): Result<null> {
  const code = compile(text);
  return code.ok ? ok(null) : code;
}

/** The value of an expression; fails with a sentence when a name is missing or the value is no finite number. */
export function evaluate(text: string, scope: Scope): Result<number | string> {
  const code = compile(text);
  if (!code.ok) return code;
  let value: unknown;
  try {
    value = code.value.evaluate({ ...scope, total });
  } catch (error) {
    const names = Object.keys(scope).join(', ');
    return failed(
      failure('expression.invalid', `The expression "${text}" fails: ${(error as Error).message}.`, {
        mend: `Names known here: ${names}.`,
      }),
    );
  }
  if (typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value))) return ok(value);
  if (typeof value === 'boolean') return ok(Number(value));
  return failed(failure('expression.invalid', `The expression "${text}" gives ${String(value)}, not a finite number.`));
}
