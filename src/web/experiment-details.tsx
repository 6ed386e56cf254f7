import { useState } from 'preact/hooks';
import type { CampaignView, DecisionView, ExperimentView } from '../server/contract.ts';
import type { Connection } from './connection.ts';
import { actionText, beliefText, turnsOf, type Turn } from './decisions.ts';
import { amount, clock, duration, figure, moment, money, withUnit, words } from './format.ts';

export interface DetailsProps {
  readonly experiment: ExperimentView;
  readonly campaign: CampaignView;
  readonly order: Connection['order'] | undefined;
}

/** All that is known of one experiment. */
export function Details({ experiment, campaign, order }: DetailsProps) {
  const { id, status, reason, stage, observations, suggestedAt, decisions } = experiment;
  const first = decisions[0];
  const staged = campaign.legs !== undefined;
  const known = Object.entries(observations).map(
    ([name, values]) => `${staged ? `${words(name)}: ` : ''}${figures(values)}`,
  );
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['Why here', staged ? undefined : first?.reason],
    ['Reason', staged && status === 'dropped' ? undefined : reason],
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
      {order !== undefined && open.test(status) && (
        <Priority experiment={experiment} campaign={campaign} order={order} />
      )}
      {staged && (
        <ol class="turns" aria-label={`Decisions on experiment ${experiment.number}`}>
          {turnsOf(experiment).map((turn) => (
            <TurnLine turn={turn} campaign={campaign} />
          ))}
        </ol>
      )}
      {decisions.some(({ predicted }) => predicted?.['compromise'] !== undefined) && (
        <p class="quiet note">
          The compromise is all objectives in one number, weighed anew with every decision; more is better.
        </p>
      )}
    </>
  );
}

const open = /suggested|planned|running|observed|held|indeterminate/;
const priorities = Array.from({ length: 19 }, (_, i) => 9 - i);

function Priority({ experiment, campaign, order }: DetailsProps & { readonly order: Connection['order'] }) {
  const [failure, fail] = useState<string>();
  const { id, priority = 0 } = experiment;
  const choose = async (value: number) => {
    const given = await order({ op: 'prioritize', experiment: id as never, priority: value });
    fail(given.ok ? undefined : given.sentence);
  };
  return (
    <label class="priority">
      Priority{' '}
      <select value={priority} onChange={(event) => void choose(Number(event.currentTarget.value))}>
        {priorities.map((value) => (
          <option value={value}>{figure(value)}</option>
        ))}
      </select>{' '}
      <span class={failure === undefined ? 'quiet' : 'answer failed'}>
        {failure ?? (campaign.pinned === undefined ? 'larger goes first' : 'counts when the plan is unpinned')}
      </span>
    </label>
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
        {!waits && <p class="quiet">{`${decision.reason} ${costText(decision, campaign)}`}</p>}
      </div>
    </li>
  );
}

/** in shelf until 14:05 at the latest */
export function placeText({ at, place, until }: DecisionView): string {
  const where = place === undefined ? '' : `in ${place} `;
  return until === undefined ? where : `${where}until ${moment(until, at)} at the latest`;
}

function costText({ cost }: DecisionView, { costs, currency }: CampaignView): string {
  if (cost === undefined || costs === undefined) return '';
  if (cost === 0) return 'Costs nothing more.';
  const texts = {
    time: () => duration(cost * 1000),
    energy: () => amount(cost, 'J'),
    money: () => money(cost, currency),
  };
  return `Costs ${texts[costs]()}.`;
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

const beliefs = (predicted: NonNullable<DecisionView['predicted']>): string =>
  Object.entries(predicted)
    .map(([name, belief]) => `${words(name)} ${beliefText(belief)}`)
    .join(', ');
