import { faultKinds, type Cuts, type FaultKind } from './plan.ts';
import { runSeed, type Outcome } from './run.ts';

/** The smallest run found in which the same rule is broken: fewer experiments, fewer kinds of faults, an earlier end. */
export function shrink(seed: number, rule: string, mostRuns = 60): { cuts: Cuts; outcome: Outcome } {
  let runs = 0;
  let cuts: Cuts = {};
  let outcome = runSeed(seed, cuts);
  const attempt = (next: Cuts): boolean => {
    if (++runs > mostRuns) return false;
    const tried = runSeed(seed, next);
    if (!tried.violations.some((violation) => violation.rule === rule)) return false;
    [cuts, outcome] = [next, tried];
    return true;
  };
  const { experiments } = outcome.plan.definition.campaign.budget;
  for (let fewer = 1; fewer < experiments; fewer++) if (attempt({ ...cuts, experiments: fewer })) break;
  for (const kind of faultKinds) {
    const without: FaultKind[] = [...(cuts.without ?? []), kind];
    if (outcome.plan.faults[kind] !== undefined) attempt({ ...cuts, without });
  }
  for (let end = outcome.plan.faultsEnd / 2; end > 30_000; end /= 2)
    if (!attempt({ ...cuts, faultsEnd: Math.round(end) })) break;
  return { cuts, outcome };
}
