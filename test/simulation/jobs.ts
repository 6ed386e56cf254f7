import { fork } from 'node:child_process';
import process from 'node:process';
import { Tally } from './tally.ts';

/** Seeds that a process runs before it is given others. */
const chunk = 20;

/** Seeds `from` up to `end` (not included). */
export interface Range {
  readonly from: number;
  readonly end: number;
}

/** In a child process: runs what the parent asks for, until it hangs up. */
export function serve(run: (range: Range) => Tally): void {
  process.on('message', (range: Range) => process.send!(run(range)));
}

/**
 * Runs the seeds of a range in `jobs` processes. `each` hears of the ranges in their order, so that it always knows up to
 * which seed all is done.
 */
export async function share(
  { from, end }: Range,
  jobs: number,
  each: (tally: Tally, next: number) => void,
): Promise<void> {
  const done = new Map<number, Tally>();
  let next = from;
  let told = from;
  const take = (): Range | undefined => {
    if (next >= end) return undefined;
    const range = { from: next, end: Math.min(end, next + chunk) };
    next = range.end;
    return range;
  };
  const keep = (range: Range, tally: Tally): void => {
    done.set(range.from, tally);
    for (let first = done.get(told); first !== undefined; first = done.get(told)) {
      done.delete(told);
      told = Math.min(end, told + chunk);
      each(first, told);
    }
  };
  await Promise.all(Array.from({ length: jobs }, () => employ(take, keep)));
}

/** One process, as long as there is work. */
function employ(take: () => Range | undefined, keep: (range: Range, tally: Tally) => void): Promise<void> {
  const worker = fork(process.argv[1]!, ['--serve'], { stdio: 'inherit' });
  return new Promise((resolve, reject) => {
    let range = take();
    const ask = () => (range === undefined ? worker.disconnect() : worker.send(range));
    worker.on('message', (answer) => {
      keep(range!, Tally.parse(answer));
      range = take();
      ask();
    });
    worker.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`A worker ended with code ${code}.`))));
    ask();
  });
}
