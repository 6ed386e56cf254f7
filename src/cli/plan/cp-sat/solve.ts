import { fork } from 'node:child_process';
import { sibling } from '../../../base/sibling.ts';
import type { Plan, SchedulingProblem } from '../../../scheduling/model.ts';

export interface Answer {
  /** OPTIMAL, FEASIBLE, UNKNOWN, INFEASIBLE, or a sentence that says why there is none. */
  readonly status: string;
  /** Of processor time, with starting the solver; less than the time on the wall where other programs run. */
  readonly seconds?: number;
  /** No plan has a smaller makespan, ms, of those that put nobody aside between two steps (on a rack, say): it is told of no such moves. */
  readonly bound?: number;
  readonly plan?: Plan;
}

/** Says what is missing and what it would add, or undefined when CP-SAT can be used. */
export function missingSolver(): string | undefined {
  try {
    import.meta.resolve('or-tools-wasm/cp-sat');
    return undefined;
  } catch {
    return 'not installed; "npm install --no-save or-tools-wasm" (325 MB) adds its plans and its proofs, of up to about eight samples.';
  }
}

/**
 * What CP-SAT makes of a problem in so many seconds on the wall, on one thread of a process of its own, which is killed when `signal`
 * says so; then, and when it hangs, the status is CANCELLED.
 */
export function solveByCpSat(
  problem: SchedulingProblem,
  seconds: number,
  seed: number,
  signal?: AbortSignal,
): Promise<Answer> {
  return new Promise((resolve) => {
    const child = fork(sibling(import.meta.url, 'process'), { serialization: 'advanced' });
    let answer: Answer = { status: 'CANCELLED' };
    const late = setTimeout(() => child.kill('SIGKILL'), 1000 * (2 * seconds + 20));
    signal?.addEventListener('abort', () => child.kill('SIGKILL'), { once: true });
    if (signal?.aborted === true) child.kill('SIGKILL');
    child.once('message', (found) => {
      answer = found as Answer;
      child.kill('SIGKILL');
    });
    child.once('error', (error) => {
      clearTimeout(late);
      resolve({ status: `its process failed: ${error.message}` });
    });
    child.once('exit', () => {
      clearTimeout(late);
      resolve(answer);
    });
    child.send({ problem, seconds, seed });
  });
}
