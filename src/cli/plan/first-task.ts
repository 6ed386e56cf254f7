import { VirtualClock } from '../../base/clock.ts';
import { failure, FailureError, type Failure } from '../../base/failure.ts';
import type { Definition } from '../../domain/campaign.ts';
import { inlineAdvisor } from '../../engine/advisor.ts';
import { Engine } from '../../engine/engine.ts';
import { Ledger } from '../../ledger/ledger.ts';
import type { SearchTask } from '../../scheduling/bounded-search.ts';
import { virtualLab } from '../labs.ts';
import { plan } from '../../scheduling/planner.ts';
import { withAmpleStock } from '../rehearse/twin.ts';

/** In that time, lab ms, devices have announced themselves and the optimizer has answered. */
const patienceMs = 600_000;

/**
 * What the engine would plan, and begin to search from, if the campaign began at `startAt` with so many samples together (2 or
 * more) and had stock enough: the real engine is asked, in a simulated lab on a virtual clock. Throws FailureError when not all of
 * them can begin together.
 */
export function firstTask(campaign: Definition, samples: number, startAt: number): SearchTask {
  const most = largestTask(withAmpleStock(beganWith(campaign, samples)), samples, startAt);
  const together = most?.problem.samples.length ?? 0;
  const planned = together - (most?.plan.unplanned.length ?? 0);
  if (most !== undefined && together === samples && planned > 0) return most;
  const can = together < samples ? together : planned;
  const reason = most?.plan.unplanned[0]?.reason ?? 'There is no room for more, or what they need is not there.';
  const message = `Of ${samples} samples ${can === 0 ? 'none' : `only ${can}`} can begin together. ${reason}`;
  const mend =
    can < 2 ? 'Ask for fewer, or see what they wait for with: labwright rehearse.' : `Ask for ${can} at most.`;
  throw new FailureError(failure('plan.infeasible', message, { mend }));
}

/** The search for the most samples that the engine asks for. */
function largestTask(definition: Definition, samples: number, startAt: number): SearchTask | undefined {
  const clock = new VirtualClock(startAt);
  const lab = virtualLab(definition, clock);
  const ledger = Ledger.open(':memory:');
  let most: SearchTask | undefined;
  let problem: Failure | undefined;
  const count = () => most?.problem.samples.length ?? 0;
  const engine = new Engine({
    ledger,
    clock,
    bus: lab.connect('controller'),
    advisor: inlineAdvisor(clock),
    searcher: {
      search: (task) => (most = task.problem.samples.length > count() ? released(task) : most),
      close: async () => undefined,
    },
    site: definition.lab.site,
    instance: 'plan',
    software: 'plan',
    settleMs: 500,
  });
  engine.onFatal((fatal) => (problem = fatal));
  engine.start(definition);
  clock.run(() => count() === samples || problem !== undefined, startAt + patienceMs);
  engine.close();
  lab.close();
  ledger.close();
  if (problem !== undefined) throw new FailureError(problem);
  return most;
}

/** Without the moment for which samples wait for this very search. */
function released({ problem, ...task }: SearchTask): SearchTask {
  const free = { ...problem, samples: problem.samples.map((sample) => ({ ...sample, release: problem.now })) };
  return { ...task, problem: free, plan: plan(free) };
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
