import { VirtualClock } from '../../base/clock.ts';
import { failure, FailureError, type Failure } from '../../base/failure.ts';
import type { Definition } from '../../domain/campaign.ts';
import { inlineAdvisor } from '../../engine/advisor.ts';
import { Engine } from '../../engine/engine.ts';
import { Ledger } from '../../ledger/ledger.ts';
import type { SearchTask } from '../../scheduling/bounded-search.ts';
import { virtualLab } from '../labs.ts';
import { withAmpleStock } from '../rehearse/twin.ts';

/** In that time, lab ms, devices have announced themselves and the optimizer has answered. */
const patienceMs = 600_000;

/**
 * What the engine would plan, and begin to search from, if the campaign began at `startAt` with so many samples together (2 or
 * more) and had stock enough: the real engine is asked, in a simulated lab on a virtual clock. Throws FailureError.
 */
export function firstTask(campaign: Definition, samples: number, startAt: number): SearchTask {
  const definition = withAmpleStock(beganWith(campaign, samples));
  const clock = new VirtualClock(startAt);
  const lab = virtualLab(definition, clock);
  const ledger = Ledger.open(':memory:');
  let task: SearchTask | undefined;
  let problem: Failure | undefined;
  const engine = new Engine({
    ledger,
    clock,
    bus: lab.connect('controller'),
    advisor: inlineAdvisor(clock),
    searcher: { search: (found) => (task ??= found), close: async () => undefined },
    site: definition.lab.site,
    instance: 'plan',
    software: 'plan',
    settleMs: 500,
  });
  engine.onFatal((fatal) => (problem = fatal));
  engine.start(definition);
  clock.run(() => task !== undefined || problem !== undefined, startAt + patienceMs);
  engine.close();
  lab.close();
  ledger.close();
  if (problem !== undefined) throw new FailureError(problem);
  if (task !== undefined) return task;
  const mend = 'See what the first samples wait for with: labwright rehearse.';
  throw new FailureError(
    failure('plan.infeasible', `Of ${samples} samples nothing can be planned at that time.`, { mend }),
  );
}

/** All at once and no more, without what might end it or make it choose otherwise. */
function beganWith(definition: Definition, samples: number): Definition {
  const { stop: _, sources: __, ...campaign } = definition.campaign;
  return {
    ...definition,
    campaign: {
      ...campaign,
      batch: { ...campaign.batch, size: samples, mode: 'together', initial: samples },
      budget: { experiments: samples, materials: {} },
    },
  };
}
