import type { ComponentChildren } from 'preact';
import type { CampaignView, ProgressView, StatusView } from '../server/contract.ts';
import { amount, clock, co2e, duration, figure, moment, money, unitName, words } from './format.ts';

export interface SummaryProps {
  readonly campaign: CampaignView | undefined;
  readonly progress: ProgressView | undefined;
  readonly status: StatusView | undefined;
  readonly now: number;
}

/** How it stands, in one row of figures. */
export function Summary({ campaign, progress, status, now }: SummaryProps) {
  if (campaign === undefined || progress === undefined) return null;
  const { budget, currency } = campaign;
  return (
    <dl class="summary">
      <Experiments campaign={campaign} progress={progress} />
      {campaign.objectives.map(({ name, unit }) => {
        const best = progress.best[name];
        return (
          <Tile
            name={campaign.objectives.length > 1 ? `Best ${words(name)}` : 'Best so far'}
            value={best === undefined ? '–' : <Best value={best.value} unit={unit} />}
            note={best === undefined ? 'no experiment completed yet' : `${words(name)}, experiment ${best.number}`}
          />
        );
      })}
      <Times campaign={campaign} status={status} now={now} />
      <Tile
        name="Energy"
        value={amount(progress.joules, 'J')}
        {...limit(progress.joules, budget.energy, (joules) => amount(joules, 'J'))}
      />
      {progress.money !== undefined && (
        <Tile
          name="Cost"
          value={money(progress.money, currency)}
          {...limit(progress.money, budget.money, (value) => money(value, currency), 'materials and energy')}
        />
      )}
      {progress.co2eKg !== undefined && <Tile name="CO₂e" value={co2e(progress.co2eKg)} note="materials and energy" />}
    </dl>
  );
}

function Experiments({ campaign, progress }: { readonly campaign: CampaignView; readonly progress: ProgressView }) {
  const { completed, failed, lost, dropped, running, observed, held } = progress.counts;
  const counts = { running: running + observed, held, failed, lost, dropped };
  const named = Object.entries(counts).filter(([name, count]) => count > 0 || name === 'running');
  return (
    <Tile
      name="Experiments"
      value={
        <>
          {completed} <small>of {campaign.budget.experiments}</small>
        </>
      }
      note={named.map(([name, count]) => `${count} ${name}`).join(', ')}
      share={completed / campaign.budget.experiments}
    />
  );
}

const Best = ({ value, unit }: { readonly value: number; readonly unit: string }) => (
  <>
    {figure(value)} {unit !== '' && <small>{unitName(unit)}</small>}
  </>
);

function Times({ campaign, status, now }: Pick<SummaryProps, 'status' | 'now'> & { readonly campaign: CampaignView }) {
  const { openedAt, finishedAt, budget, speed } = campaign;
  const elapsed = Math.max(0, (finishedAt ?? now) - openedAt);
  const eta = status?.eta;
  const faster = speed === 1 ? '' : `, ${figure(speed)}× wall time`;
  return (
    <>
      <Tile
        name="Elapsed"
        value={duration(elapsed)}
        {...limit(elapsed / 1000, budget.time, (s) => duration(s * 1000), `since ${clock(openedAt, false)}${faster}`)}
      />
      {finishedAt !== undefined ? (
        <Tile name="Finished" value={moment(finishedAt, now)} note={campaign.reason} />
      ) : (
        <Tile
          name="Expected end"
          value={eta === undefined ? '–' : moment(eta, now)}
          note={`${eta === undefined ? 'not known yet' : eta > now ? `in ${duration(eta - now)}` : 'about now'}${behindText(status?.behind)}`}
        />
      )}
    </>
  );
}

/** Of the samples in the lab; a minute is what clocks and messages make. */
const behindText = (ms = 0): string =>
  Math.abs(ms) < 60_000 ? '' : `; ${duration(60_000 * Math.round(ms / 60_000))} ${ms > 0 ? 'behind' : 'ahead of'} plan`;

function limit(used: number, most: number | undefined, show: (value: number) => string, note?: string) {
  return most === undefined ? { note } : { note: `of ${show(most)}`, share: used / most };
}

function Tile(props: {
  readonly name: string;
  readonly value: ComponentChildren;
  readonly note?: string | undefined;
  readonly share?: number;
}) {
  return (
    <div class="tile">
      <dt>{props.name}</dt>
      <dd>
        <span class="figure">{props.value}</span>
        {props.note !== undefined && <span class="note">{props.note}</span>}
        {props.share !== undefined && (
          <progress
            class={props.share > 1 ? 'beyond' : ''}
            value={Math.min(1, props.share)}
            max={1}
            aria-label={`${Math.round(props.share * 100)} % used`}
          />
        )}
      </dd>
    </div>
  );
}
