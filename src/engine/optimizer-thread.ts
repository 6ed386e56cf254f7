import { parentPort } from 'node:worker_threads';
import { answerTo, type Question } from './advisor.ts';
import { Shelf } from './shelf.ts';

const shelf = new Shelf();

/** The thread in which the optimizer runs, so that the event loop of the engine never waits for it. */
parentPort?.on('message', ({ id, question }: { id: number; question: Question }) => {
  const before = process.cpuUsage();
  const advice = answerTo(question, shelf);
  const { user, system } = process.cpuUsage(before);
  const cpuSeconds = (user + system) / 1e6;
  parentPort?.postMessage({ id, advice: advice.ok ? { ok: true, value: { ...advice.value, cpuSeconds } } : advice });
});
