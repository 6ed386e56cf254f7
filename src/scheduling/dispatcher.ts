import { withoutAmpleWaits } from './ample.ts';
import { confined } from './ceiling.ts';
import { opensAt } from './closings.ts';
import { crewOf, obstacleTo, type Haste, type Obstacle } from './gate.ts';
import type { Assignment, Dispatch, Plan, SchedulingProblem, Wait } from './model.ts';
import { outlook, type Outlook } from './outlook.ts';
import { sceneOf, type Scene } from './scene.ts';
import { bandOf, isHead } from './standing.ts';

/**
 * What may start at `now`. Device order and batches are those of the plan; the order of moves may float. Nothing starts
 * that could make a maximum wait be missed while all durations stay within their bands. A start takes what it needs away
 * from those that are asked after it, so that all of `start` can be started together. `wakeAt` is the next time (ms) at
 * which a start becomes possible, or a maximum wait of a sample without a plan is missed, by time alone.
 */
export function dispatch(problem: SchedulingProblem, plan: Plan): Dispatch {
  const within = confined(problem, plan.ceiling);
  const scene = sceneOf(withoutAmpleWaits(within, plan), plan);
  let turn = new Turn(scene, 'punctual');
  // In a lab at rest the plan's times would be put off for ever; and what nothing can make safe is tried in the end.
  if (turn.isStuck) turn = new Turn(scene, 'prompt');
  if (turn.isStuck && turn.wakeAt === Infinity) turn.risk();
  const { start, waiting } = turn;
  let { wakeAt } = turn;
  wakeAt = Math.min(wakeAt, turn.lookAt);
  for (const { until = Infinity } of plan.unplanned) if (until >= problem.now) wakeAt = Math.min(wakeAt, until + 1);
  return wakeAt === Infinity ? { start, waiting } : { start, waiting, wakeAt };
}

/** A start, and by how much it endangers a maximum wait. */
interface Risk {
  readonly crew: readonly Assignment[];
  readonly ms: number;
}

/** At no more times than this it is looked for one at which a start endangers less. */
const looks = 50;

/** Every sample is asked once, those first whose maximum waits run. */
class Turn {
  readonly start: Assignment[] = [];
  readonly waiting: Wait[] = [];
  /** When something else than a danger passes. */
  wakeAt = Infinity;
  /** When a danger may have passed. */
  lookAt = Infinity;
  readonly #scene: Scene;
  #ahead: Outlook;
  /** Those that only endanger a maximum wait, and by how much. */
  readonly #risky: Risk[] = [];

  constructor(scene: Scene, haste: Haste) {
    this.#scene = scene;
    this.#ahead = outlook(scene);
    const { urgent } = this.#ahead;
    const rank = (assignment: Assignment) => (urgent.has(assignment) ? 0 : 1);
    for (const next of [...scene.next.values()].sort((a, b) => rank(a) - rank(b) || a.start - b.start))
      if (!this.start.includes(next)) this.#ask(next, this.#ahead.urgent.has(next) ? 'urgent' : haste);
  }

  /** Nothing runs, nothing starts, and something could. */
  get isStuck(): boolean {
    return this.start.length === 0 && this.#scene.running.length === 0 && this.#risky.length > 0;
  }

  /** How long to wait when so much time is missing: what it waits for may be put off as well, so not just an instant. */
  #pause(assignment: Assignment, ms: number): number {
    const { problem, samples } = this.#scene;
    const soon = bandOf(problem, samples.get(assignment.sample)!, assignment).low / 10;
    return Math.ceil(Math.max(ms, soon));
  }

  /** Starts what endangers least, or waits for a time at which it endangers much less. */
  risk(): void {
    const risks = this.#risky.map((risk) => ({ crew: risk.crew, ...this.#leastDanger(risk) }));
    const [least] = risks.sort((a, b) => a.ms - b.ms);
    if (least!.at <= this.#scene.problem.now) this.start.push(...least!.crew);
    else this.lookAt = least!.at;
  }

  /**
   * When these, alone in a lab at rest, endanger a maximum wait by less than half of what they do now, and by how much; now
   * where no opening brings that about. What nothing bounds is no matter of time.
   */
  #leastDanger({ crew, ms: danger }: Risk): { readonly at: number; readonly ms: number } {
    const { problem, lastClosing } = this.#scene;
    const { resource, start, end } = crew[0]!;
    const own = problem.resources.find(({ id }) => id === resource)?.closed ?? [];
    let t = problem.now;
    let best = { at: t, ms: lastClosing > t ? Infinity : danger };
    for (let looked = 0; looked < looks && t < lastClosing && best.ms > 0; looked++) {
      const later = { ...this.#scene, problem: { ...problem, now: t } };
      const found = [...outlook(later, crew).shortfalls.values()].map((shortfall) => shortfall.ms);
      const ms = Math.max(0, ...found.filter((short) => short < Infinity));
      if (ms < best.ms / 2) best = { at: t, ms };
      t = opensAt(own, t + this.#pause(crew[0]!, ms), end - start);
    }
    return best;
  }

  #ask(assignment: Assignment, haste: Haste): void {
    const crew = crewOf(this.#scene, assignment, haste === 'urgent');
    const obstacle = obstacleTo(this.#scene, assignment, this.start, haste);
    if (obstacle !== undefined) {
      this.wakeAt = Math.min(this.wakeAt, this.#timeOf(obstacle));
      const { reason, opening, until, due = until } = obstacle;
      const more = { ...(due === undefined ? {} : { due }), ...(opening === undefined ? {} : { opening }) };
      this.waiting.push({ assignment, reason, ...more });
      return;
    }
    const after = this.#outlookWith(crew);
    const danger = this.#dangerTo(assignment, crew, after);
    if (danger === undefined) {
      this.start.push(...crew);
      this.#ahead = after;
      return;
    }
    this.#risky.push({ crew, ms: Math.max(...[...after.shortfalls.values()].map(({ ms }) => ms)) });
    this.lookAt = Math.min(this.lookAt, this.#timeOf(danger));
    this.waiting.push({ assignment, reason: danger.reason });
  }

  /** The outlook when these start as well. */
  #outlookWith(crew: readonly Assignment[]): Outlook {
    const { shortfalls } = this.#ahead;
    const heads = crew.filter((member) => isHead(this.#scene, member) && !shortfalls.has(member.sample));
    if (shortfalls.size + heads.length === 0) return this.#ahead;
    return outlook(this.#scene, [...this.start, ...crew], new Set(heads.map(({ sample }) => sample)));
  }

  /** A maximum wait that could be missed if these started now, unless it could be anyway. */
  #dangerTo(assignment: Assignment, crew: readonly Assignment[], after: Outlook): Obstacle | undefined {
    const { problem } = this.#scene;
    const { sample, step } = assignment;
    for (const [id, { ms, passes }] of after.shortfalls) {
      if (ms <= Math.max(0, this.#ahead.shortfalls.get(id)?.ms ?? 0)) continue;
      if (!crew.some((member) => member.sample === id))
        return { reason: `${step} of ${sample} waits, so that ${id} surely keeps its maximum wait.` };
      const reason = `${step} of ${sample} waits until what follows it within its maximum wait is surely free.`;
      if (!passes || ms === Infinity) return { reason };
      return { reason, until: problem.now + this.#pause(assignment, ms) };
    }
    return undefined;
  }

  #timeOf({ until }: Obstacle): number {
    return until !== undefined && until > this.#scene.problem.now ? until : Infinity;
  }
}
