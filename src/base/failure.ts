/**
 * The one closed family of expected failures. Each has a stable code, a sentence and a mend; the code decides the exit
 * code of the command line. Programmer errors are not failures: they go through `invariant` and stop the process.
 */
export const failureCodes = {
  'input.invalid': 2,
  'input.unreadable': 2,
  'unit.invalid': 2,
  'expression.invalid': 2,
  'lab.incapable': 3,
  'stock.short': 3,
  'space.infeasible': 3,
  'plan.infeasible': 3,
  'port.in_use': 4,
  'broker.unreachable': 4,
  'broker.lost': 4,
  'ledger.version': 5,
  'ledger.corrupt': 5,
  'ledger.locked': 5,
  'ledger.full': 5,
  'ledger.missing': 5,
  'epoch.superseded': 6,
  'campaign.needs_person': 7,
  'campaign.unsuccessful': 8,
  'optimizer.failed': 9,
  'message.malformed': 10,
  'platform.unsupported': 11,
} as const;

export type FailureCode = keyof typeof failureCodes;

export interface Failure {
  readonly code: FailureCode;
  /** What happened, one sentence. */
  readonly message: string;
  /** What the reader can do about it, one sentence. */
  readonly mend?: string;
  /** File and line, or topic. */
  readonly where?: string;
}

/** A failure travelling as an exception, for edges where a value cannot be returned. */
export class FailureError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(describeFailure(failure));
    this.name = 'FailureError';
    this.failure = failure;
  }
}

export function failure(code: FailureCode, message: string, more: { mend?: string; where?: string } = {}): Failure {
  return { code, message, ...more };
}

export function describeFailure({ where, message, mend }: Failure): string {
  return `${where === undefined ? '' : `${where}: `}${message}${mend === undefined ? '' : ` ${mend}`}`;
}

export const exitCodeOf = (failure: Failure): number => failureCodes[failure.code];

export type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure };

export const ok = <T>(value: T): Result<T> => ({ ok: true, value });
export const failed = (failure: Failure): Result<never> => ({ ok: false, failure });

/** The value, or the failure as an exception. */
export function unwrap<T>(result: Result<T>): T {
  if (!result.ok) throw new FailureError(result.failure);
  return result.value;
}
