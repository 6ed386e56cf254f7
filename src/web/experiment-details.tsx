import type { CampaignView, DecisionView, ExperimentView } from '../server/contract.ts';
import { actionText, beliefText, turnsOf, type Turn } from './decisions.ts';
import { clock, duration, figure, moment, withUnit, words } from './format.ts';

/** All that is known of one experiment. */
export function Details(props: { readonly experiment: ExperimentView; readonly campaign: CampaignView }) {
  const { experiment, campaign } = props;
  const { id, reason, stage, observations, suggestedAt, decisions } = experiment;
  const first = decisions[0];
  const staged = campaign.legs !== undefined;
  const known = Object.entries(observations).map(
    ([name, values]) => `${staged ? `${words(name)}: ` : ''}${figures(values)}`,
  );
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['Why here', staged ? undefined : first?.reason],
    ['Reason', reason],
    ['Stage', stage === undefined ? undefined : words(stage)],
    ['Predicted', staged || first?.predicted === undefined ? undefined : beliefs(first.predicted)],
    ['Observed', known.join('; ')],
    ['Suggested', clock(suggestedAt)],
    ['Id', id],
  ];
  return (
    <>
      <dl class="facts">
        {facts.map(([name, value]) =>
          value === undefined || value === '' ? null : (
            <div>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ),
        )}
      </dl>
      {staged && (
        <ol class="turns" aria-label={`Decisions on experiment ${experiment.number}`}>
          {turnsOf(experiment).map((turn) => (
            <TurnLine turn={turn} campaign={campaign} />
          ))}
        </ol>
      )}
    </>
  );
}

function TurnLine({ turn, campaign }: { readonly turn: Turn; readonly campaign: CampaignView }) {
  const { at, decision, hold, known } = turn;
  const waits = decision.kind === 'hold';
  return (
    <li class={decision.kind}>
      <time>{clock(waits ? hold!.at : at)}</time>
      <div>
        <strong>{actionText(decision)}</strong> {waits ? placeText(hold!) : setText(decision, campaign)}
        {hold !== undefined && Object.keys(known).length > 0 && (
          <p>
            Known from {words(hold.stage!)}: {figures(known)}
            {!waits && `; waited ${duration(at - hold.at)}${hold.place === undefined ? '' : ` in ${hold.place}`}`}
          </p>
        )}
        {decision.predicted !== undefined && <p>Predicted: {beliefs(decision.predicted)}</p>}
        <p class="quiet">{decision.reason}</p>
      </div>
    </li>
  );
}

/** in shelf until 14:05 at the latest */
export function placeText({ at, place, until }: DecisionView): string {
  const where = place === undefined ? '' : `in ${place} `;
  return until === undefined ? where : `${where}until ${moment(until, at)} at the latest`;
}

function setText({ point = {} }: DecisionView, { parameters }: CampaignView): string {
  const set = parameters.flatMap(({ name, unit }) =>
    point[name] === undefined ? [] : [`${words(name)} ${withUnit(point[name], unit)}`],
  );
  return set.length === 0 ? '' : `at ${set.join(', ')}`;
}

const figures = (values: Readonly<Record<string, number>>): string =>
  Object.entries(values)
    .map(([name, value]) => `${words(name)} ${figure(value)}`)
    .join(', ');

/** Of several objectives the weights are drawn anew with every decision, so that only the spread can be compared. */
const beliefs = (predicted: NonNullable<DecisionView['predicted']>): string =>
  Object.entries(predicted)
    .map(([name, belief]) => `${words(name)} ${beliefText(belief)}`)
    .join(', ') +
  ('compromise' in predicted ? ' (all objectives in one number, weighed anew each time; more is better)' : '');
