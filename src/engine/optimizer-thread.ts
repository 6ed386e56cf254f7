import { parentPort } from 'node:worker_threads';
import { failure, failed, type Result } from '../base/failure.ts';
import { suggest } from '../optimizer/suggest.ts';
import type { Advice, Question } from './advisor.ts';

/** The thread in which the optimizer runs, so that the event loop of the engine never waits for it. */
parentPort?.on('message', ({ id, question }: { id: number; question: Question }) => {
  const before = process.cpuUsage();
  let advice: Result<Advice>;
  try {
    const { problem, data, pending, options } = question;
    advice = suggest(problem, data, pending, options);
  } catch (error) {
    advice = failed(failure('optimizer.failed', `The optimizer failed: ${(error as Error).message}.`));
  }
  const { user, system } = process.cpuUsage(before);
  const cpuSeconds = (user + system) / 1e6;
  parentPort?.postMessage({ id, advice: advice.ok ? { ok: true, value: { ...advice.value, cpuSeconds } } : advice });
});
