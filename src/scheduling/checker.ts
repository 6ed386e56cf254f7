import { checkBatches } from './check-batches.ts';
import { readSample, type Reading } from './check-sample.ts';
import { checkSetups } from './check-setups.ts';
import { checkShared } from './check-shared.ts';
import { defectOf, defectOfSample } from './defect.ts';
import type { Assignment, Plan, SchedulingProblem } from './model.ts';

/**
 * Every rule of the model that the plan breaks, each as one sentence with the numbers (times in ms after `now`, as the
 * plan itself); empty when it holds. Shares nothing with the planner but the model and what makes a problem sound, so that an
 * error there is found here. Of a problem that is not sound only the empty plan holds.
 */
export function check(problem: SchedulingProblem, plan: Plan): string[] {
  const defect = defectOf(problem);
  if (defect !== undefined) return plan.assignments.length === 0 ? [] : [defect];
  const faults: string[] = [];
  const bySample = new Map<string, Assignment[]>(problem.samples.map(({ id }) => [id, []]));
  for (const assignment of plan.assignments) {
    const list = bySample.get(assignment.sample);
    if (list === undefined) faults.push(`The plan names sample ${assignment.sample}, which the problem does not have.`);
    else list.push(assignment);
    if (!(assignment.end >= assignment.start))
      faults.push(`${assignment.step} of ${assignment.sample} ends before it starts.`);
  }
  checkUnplanned(problem, plan, faults);
  const unplanned = new Set(plan.unplanned.map(({ sample }) => sample));
  const resources = new Map(problem.resources.map((resource) => [resource.id, resource]));
  for (const sample of problem.samples) {
    const wrong = unplanned.has(sample.id) || sample.frozen === true ? undefined : defectOfSample(sample);
    if (wrong !== undefined) faults.push(wrong);
  }
  const readings: Reading[] = problem.samples.map((sample) => {
    const own = bySample.get(sample.id)!.toSorted((a, b) => a.start - b.start || a.end - b.end);
    return readSample({ problem, resources, sample, own, unplanned: unplanned.has(sample.id) }, faults);
  });
  checkShared(problem, readings, faults);
  checkBatches(problem, readings, faults);
  checkSetups(problem, readings, faults);
  checkMakespan(problem, plan, faults);
  checkCeiling(problem, plan, faults);
  return faults;
}

function checkUnplanned(problem: SchedulingProblem, plan: Plan, faults: string[]): void {
  const known = new Set(problem.samples.map(({ id }) => id));
  const seen = new Set<string>();
  for (const { sample, reason } of plan.unplanned) {
    if (!known.has(sample)) faults.push(`The plan leaves out sample ${sample}, which the problem does not have.`);
    if (seen.has(sample)) faults.push(`The plan leaves out ${sample} twice.`);
    if (reason.trim() === '') faults.push(`The plan leaves out ${sample} without a reason.`);
    seen.add(sample);
  }
}

function checkMakespan(problem: SchedulingProblem, plan: Plan, faults: string[]): void {
  const latest = plan.assignments.reduce((latest, { end }) => Math.max(latest, end), problem.now);
  if (plan.makespan !== latest)
    faults.push(`The makespan is given as ${plan.makespan}, but the last thing ends at ${latest}.`);
}

/**
 * What draws power and has not begun runs at no time at which a joule costs more than the plan says, but on resources for
 * something that takes longer than it ever costs no more.
 */
function checkCeiling({ rates = [], samples }: SchedulingProblem, plan: Plan, faults: string[]): void {
  const { ceiling } = plan;
  if (ceiling === undefined) return;
  let [cheap, longest] = [0, 0];
  for (const [i, { from, perJoule }] of rates.entries()) {
    cheap = perJoule > ceiling || i === rates.length - 1 ? 0 : cheap + rates[i + 1]!.from - from;
    longest = Math.max(longest, cheap);
  }
  const powers = new Map<string, number>();
  const exempt = new Set<string>();
  for (const { id, remaining } of samples)
    for (const step of remaining)
      for (const { resource, duration, power = 0 } of step.alternatives) {
        powers.set(`${id} ${step.id} ${resource}`, power);
        if (power > 0 && duration.typical > longest) exempt.add(resource);
      }
  for (const { sample, step, kind, resource, start, end, fixed } of plan.assignments) {
    const draws = (powers.get(`${sample} ${step} ${resource}`) ?? 0) > 0;
    if (kind !== 'process' || fixed === true || !draws || exempt.has(resource)) continue;
    const dear = rates.find(
      ({ from, perJoule }, i) => perJoule > ceiling && from < end && (rates[i + 1]?.from ?? Infinity) > start,
    );
    if (dear !== undefined)
      faults.push(`${step} of ${sample} draws power from ${start} to ${end}, while a joule costs ${dear.perJoule}.`);
  }
}
