import { obstacleTo, type Obstacle } from './gate.ts';
import type { Assignment, Dispatch, Plan, SchedulingProblem } from './model.ts';
import { sceneOf, type Scene } from './scene.ts';

/**
 * What may start at `now`. Device order and batches are those of the plan; the order of moves may float. A start takes what
 * it needs away from those that are asked after it, so that all of `start` can be started together. `wakeAt` is the next
 * time (ms) at which a start becomes possible, or a maximum wait of a sample without a plan is missed, by time alone.
 */
export function dispatch(problem: SchedulingProblem, plan: Plan): Dispatch {
  const scene = sceneOf(problem, plan);
  const start: Assignment[] = [];
  const waiting: { assignment: Assignment; reason: string }[] = [];
  const started = new Set<Assignment>();
  let wakeAt = Infinity;
  for (const { until = Infinity } of plan.unplanned) if (until >= problem.now) wakeAt = Math.min(wakeAt, until + 1);
  for (const assignment of [...scene.next.values()].sort((a, b) => a.start - b.start)) {
    if (started.has(assignment)) continue;
    const obstacle = obstacleTo(scene, assignment, start);
    if (obstacle === undefined) {
      for (const together of crewOf(scene, assignment)) {
        start.push(together);
        started.add(together);
      }
      continue;
    }
    waiting.push({ assignment, reason: obstacle.reason });
    wakeAt = Math.min(wakeAt, timeOf(obstacle, problem.now));
  }
  return wakeAt === Infinity ? { start, waiting } : { start, waiting, wakeAt };
}

const crewOf = ({ batches }: Scene, assignment: Assignment): readonly Assignment[] =>
  (assignment.kind === 'process' && assignment.batch !== undefined && batches.get(assignment.batch)) || [assignment];

const timeOf = ({ until }: Obstacle, now: number): number => (until !== undefined && until > now ? until : Infinity);
