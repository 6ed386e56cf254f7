import type { Stream } from '../../src/base/random.ts';
import { stream } from '../../src/base/random.ts';
import type { Site } from './site.ts';

export type Answer = 'happened' | 'not_happened' | 'discard';

const roundMs = 30_000;

/** Goes through the lab now and then, looks at what is in doubt, and says truthfully what has happened. */
export class Person {
  /** Key to what was said of it, and when. */
  readonly answers = new Map<string, { readonly as: Answer; readonly at: number }>();
  readonly #site: Site;
  readonly #random: Stream;
  readonly #since = new Map<string, number>();

  constructor(site: Site) {
    this.#site = site;
    this.#random = stream(site.plan.seed, 'person');
    site.clock.after(roundMs, () => this.#round());
  }

  #round(): void {
    const { clock, controller, misfortunes } = this.#site;
    clock.after(roundMs, () => this.#round());
    if (controller === undefined || controller.process.asleep) return;
    const { commands, campaign, experiments } = controller.engine.state;
    if (misfortunes.over && campaign.value === 'paused') controller.engine.order({ op: 'resume' }, 'operator');
    for (const { value, context } of commands.values()) {
      // An order may have been the controller's last: its disk was full.
      if (this.#site.controller !== controller) return;
      if (value === 'doubtful') this.#look(context.command, context.intendedAt + context.command.ttl);
      else if (value === 'overdue') this.#free(context.command.key);
    }
    for (const [id, { value }] of experiments)
      if (value === 'late' && this.#site.controller === controller) this.#judge(id);
  }

  /** Takes up to an hour to decide whether a late sample goes on. */
  #judge(experiment: string): void {
    const { clock, controller } = this.#site;
    const since = this.#since.get(experiment) ?? clock.now() + this.#random.integer(60 * 60_000);
    this.#since.set(experiment, since);
    if (clock.now() < since) return;
    this.#since.delete(experiment);
    const as = this.#random.pick(['continue', 'discard'] as const);
    controller!.engine.order({ op: 'decide', experiment: experiment as never, as }, 'ann');
  }

  #look({ key, experiment }: { key: string; experiment: string }, expires: number): void {
    const { clock, world, controller } = this.#site;
    const now = clock.now();
    const since = this.#since.get(key) ?? now + this.#random.integer(15 * 60_000);
    this.#since.set(key, since);
    // Before it has expired, or while the instrument is at work, nobody can say what will have happened.
    if (now < since || now <= expires || this.#free(key)) return;
    const truth = world.truthOf(key);
    const as = truth === 'partly' || this.#random.chance(0.1) ? 'discard' : truth;
    if (as === 'discard') world.remove(experiment, now);
    this.answers.set(key, { as, at: now });
    controller!.engine.order({ op: 'resolve', key: key as never, as }, 'ann');
  }

  /** Whether an instrument works on the command; one that hangs is switched off and on again. */
  #free(key: string): boolean {
    const { watch, clock, simulation } = this.#site;
    const act = watch.acts.find((each) => each.key === key && each.endedAt === undefined);
    if (act === undefined) return false;
    if (act.hangs) {
      simulation.crash(act.device);
      clock.after(5_000, () => this.#site.switchOn(act.device));
      act.endedAt = clock.now();
    }
    return true;
  }
}
