import { useMemo, useState } from 'preact/hooks';
import type { CampaignView, ExperimentView, LifeCycle } from '../server/contract.ts';
import { lifeCycle, nextSort, sortExperiments, type Sort } from './experiments-sort.ts';
import { beliefText, observed, predictedName, predictionOf, proxiesOf, whereText } from './decisions.ts';
import type { Connection } from './connection.ts';
import { Details, type DetailsProps } from './experiment-details.tsx';
import { clock, figure, precise, unitName, words } from './format.ts';
import { Empty, Panel } from './panel.tsx';

export interface ExperimentsProps {
  readonly experiments: ReadonlyMap<string, ExperimentView>;
  readonly campaign: CampaignView | undefined;
  /** Undefined where none may be given. */
  readonly order: Connection['order'] | undefined;
}

const pageSize = 30;

export function ExperimentsPanel({ experiments, campaign, order }: ExperimentsProps) {
  const [sort, setSort] = useState<Sort>({ by: 'number', descending: true });
  const [filter, setFilter] = useState<LifeCycle>();
  const [shown, setShown] = useState(pageSize);
  const all = useMemo(() => [...experiments.values()], [experiments]);
  const chosen = useMemo(
    () => sortExperiments(filter === undefined ? all : all.filter(({ status }) => status === filter), sort),
    [all, filter, sort],
  );
  if (campaign === undefined) return null;
  return (
    <Panel name="experiments" title="Experiments" aside={<Filter all={all} filter={filter} choose={setFilter} />}>
      {all.length === 0 && <Empty>No experiment has been suggested yet.</Empty>}
      <div class="scroll" role="region" aria-label="Table of experiments" tabindex={0}>
        <table>
          <Head campaign={campaign} sort={sort} choose={(by) => setSort(nextSort(sort, by))} />
          <tbody>
            {chosen.slice(0, shown).map((experiment) => (
              <Row key={experiment.id} experiment={experiment} campaign={campaign} order={order} />
            ))}
          </tbody>
        </table>
      </div>
      {chosen.length > shown && (
        <button type="button" class="more" onClick={() => setShown(shown + 100)}>
          Show more ({chosen.length - shown})
        </button>
      )}
    </Panel>
  );
}

function Filter(props: {
  readonly all: readonly ExperimentView[];
  readonly filter: LifeCycle | undefined;
  readonly choose: (status: LifeCycle | undefined) => void;
}) {
  const { all, filter, choose } = props;
  return (
    <div class="filter" role="group" aria-label="Show only">
      {lifeCycle.map((status) => {
        const count = all.filter((experiment) => experiment.status === status).length;
        if (count === 0 && status !== filter) return null;
        return (
          <button
            type="button"
            class={`chip ${status}`}
            aria-pressed={filter === status}
            onClick={() => choose(filter === status ? undefined : status)}
          >
            {status} {count}
          </button>
        );
      })}
    </div>
  );
}

function Head(props: { readonly campaign: CampaignView; readonly sort: Sort; readonly choose: (by: string) => void }) {
  const { campaign, sort, choose } = props;
  const predicted = predictedName(campaign);
  const column = (by: string, label: string, unit = '', numeric = true) => (
    <th
      scope="col"
      class={numeric ? 'numeric' : ''}
      aria-sort={sort.by !== by ? undefined : sort.descending ? 'descending' : 'ascending'}
    >
      <button type="button" onClick={() => choose(by)}>
        {label}
        {unit !== '' && <small> {unitName(unit)}</small>}
        <span class="arrow" aria-hidden="true">
          {sort.by === by ? (sort.descending ? '↓' : '↑') : ''}
        </span>
      </button>
    </th>
  );
  return (
    <thead>
      <tr>
        {column('number', 'No.')}
        {column('status', 'Status', '', false)}
        {campaign.parameters.map(({ name, unit }) => column(`parameter/${name}`, words(name), unit))}
        {proxiesOf(campaign).map((name) => column(`proxy/${name}`, words(name)))}
        {campaign.objectives.map(({ name, unit }) => column(`objective/${name}`, words(name), unit))}
        {predicted !== undefined && (
          <th scope="col" class="numeric">
            Predicted {predicted === 'compromise' && <small>compromise</small>}
          </th>
        )}
        {column('changed', 'Changed')}
      </tr>
    </thead>
  );
}

function Row({ experiment, campaign, order }: DetailsProps) {
  const [open, setOpen] = useState(false);
  const { number, status, priority = 0, point, objectives, changedAt } = experiment;
  const at = whereText(experiment);
  const predicted = predictedName(campaign);
  const belief = predicted === undefined ? undefined : predictionOf(experiment)?.[predicted];
  const proxies = proxiesOf(campaign);
  return (
    <>
      <tr class={open ? 'open' : ''}>
        <td class="numeric">
          <button type="button" class="expand" aria-expanded={open} onClick={() => setOpen(!open)}>
            {number}
          </button>
        </td>
        <td>
          <span class={`chip ${status}`}>{status}</span> {at !== undefined && <span class="quiet">{at}</span>}
          {priority !== 0 && <span class="quiet"> priority {figure(priority)}</span>}
        </td>
        {campaign.parameters.map(({ name }) => (
          <td class="numeric">{cell(point[name])}</td>
        ))}
        {proxies.map((name) => (
          <td class="numeric">{cell(observed(experiment, name))}</td>
        ))}
        {campaign.objectives.map(({ name }) => (
          <td class="numeric strong">{objectives?.[name] === undefined ? '' : precise(objectives[name])}</td>
        ))}
        {predicted !== undefined && <td class="numeric quiet">{belief === undefined ? '' : beliefText(belief)}</td>}
        <td class="numeric quiet">{clock(changedAt)}</td>
      </tr>
      {open && (
        <tr class="more-about">
          <td colSpan={4 + campaign.parameters.length + proxies.length + campaign.objectives.length}>
            <Details experiment={experiment} campaign={campaign} order={order} />
          </td>
        </tr>
      )}
    </>
  );
}

/** Whole numbers as they are, others with all their digits so that they stand under each other. */
function cell(value: number | string | undefined): string {
  if (typeof value !== 'number') return value ?? '–';
  return Number.isInteger(value) ? figure(value) : precise(value);
}
