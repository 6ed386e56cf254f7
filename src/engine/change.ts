import { durationText } from '../base/duration-text.ts';
import { failed, failure, ok, type Failure, type Result } from '../base/failure.ts';
import { present } from '../base/invariant.ts';
import { goalReached } from '../control/campaign-effects.ts';
import type { CoreState } from '../control/core.ts';
import type { Campaign, Definition } from '../domain/campaign.ts';
import { changeCampaign, type CampaignChange } from '../domain/change.ts';
import { checkCampaign } from '../domain/check.ts';
import type { NewEvent } from '../domain/event.ts';
import { currencyOf } from '../domain/quantity.ts';
import { checkInput } from '../optimizer/check.ts';
import type { Datum } from '../optimizer/problem.ts';
import { suggest } from '../optimizer/suggest.ts';
import { problemOf } from './advisor.ts';
import { usedUp, type Accounts } from './budget.ts';

/** What a change is judged by beside the state. */
export interface Known {
  readonly ledger: Accounts;
  readonly data: readonly Datum[];
  /** Lab ms since the campaign was opened. */
  readonly elapsed: number;
}

/** The event that a change becomes; refused where the campaign could not go on with it, or all that it was is lost. */
export function changeOf(change: CampaignChange, by: string, state: CoreState, known: Known): Result<NewEvent> {
  const before = present(state.definition, 'the definition of an open campaign');
  const changed = changeCampaign(before.campaign, change);
  if (!changed.ok) return changed;
  const campaign = changed.value;
  const wrong =
    foreign(change, before) ??
    misfit(campaign, state) ??
    unsearchable(campaign, state, known) ??
    (change.budget && overdrawn(campaign, state, known));
  if (wrong !== undefined) return failed(wrong);
  const version = (state.campaign.context.version ?? 1) + 1;
  return ok({ type: 'campaign.changed', data: { by, version, change, campaign, elapsed: known.elapsed } });
}

/** Money has a dimension of its own, whatever the currency: a sum in another one would be taken as it stands. */
function foreign({ budget }: CampaignChange, { lab }: Definition): Failure | undefined {
  const currency = currencyOf(String(budget?.money ?? ''));
  if (currency === undefined || currency === lab.currency) return undefined;
  return failure('unit.invalid', `"${budget!.money}" is not in the currency of the lab, ${lab.currency}.`, {
    where: 'budget.money',
    mend: 'Convert it.',
  });
}

/** What `labwright check` would say of the files, with the devices that are there. */
function misfit(campaign: Campaign, { definition, devices }: CoreState): Failure | undefined {
  const descriptors = new Map(
    [...devices].flatMap(([id, { context }]) =>
      context.descriptor === undefined ? [] : [[id, context.descriptor] as const],
    ),
  );
  const inChange = (path: readonly PropertyKey[]) => path.join('.');
  const locate = { campaign: inChange, protocol: inChange, lab: inChange };
  return checkCampaign({ definition: { ...definition!, campaign }, locate }, descriptors).failures[0];
}

/** Why the optimizer could not go on: no point is left, or it could not place what has been measured. */
function unsearchable(campaign: Campaign, state: CoreState, { data }: Known): Failure | undefined {
  const problem = problemOf(campaign);
  const pending = [...state.experiments.values()].map(({ context }) => context.point);
  const placed = checkInput(problem, data, pending, { count: 1, seed: campaign.seed });
  if (!placed.ok) return placed.failure;
  const first = suggest(problem, [], [], { count: 1, seed: campaign.seed, initial: 1 });
  return first.ok ? undefined : first.failure;
}

const mend = 'See "labwright status" for what is used; "labwright order stop" ends the campaign, keeping its results.';

function overdrawn({ budget }: Campaign, state: CoreState, { elapsed, ledger }: Known): Failure | undefined {
  const refuse = (sentence: string) => failure('input.invalid', sentence, { where: 'budget', mend });
  const { suggested } = state.campaign.context;
  if (budget.experiments < suggested)
    return refuse(`${suggested} experiments are on their way or done already, more than ${budget.experiments}.`);
  if (budget.time !== undefined && budget.time * 1000 <= elapsed)
    return refuse(`The campaign has had ${durationText(elapsed)} already, more than the budget would allow.`);
  const what = usedUp(budget, ledger);
  return what === undefined ? undefined : refuse(`More of the ${what} is used already than the budget would allow.`);
}

/** The end of a campaign whose changed goal was reached before it was set. */
export function reachedBefore({ campaign }: CoreState, data: readonly Datum[]): NewEvent | undefined {
  const reached = data.some((datum) => 'values' in datum && goalReached(campaign.context, datum.values));
  if (!reached) return undefined;
  return { type: 'campaign.stopping', data: { by: 'controller', reason: 'the goal is reached' } };
}
