import { useEffect, useMemo, useState } from 'preact/hooks';
import type { CampaignView, ProgressView } from '../server/contract.ts';
import { Banner } from './banner.tsx';
import type { Connection, PageState } from './connection.ts';
import { ConvergencePanel } from './convergence.tsx';
import { DevicesPanel } from './devices.tsx';
import { EnergyPanel } from './energy.tsx';
import { ExperimentsPanel } from './experiments.tsx';
import { GanttPanel } from './gantt.tsx';
import { Header } from './header.tsx';
import { LinksPanel } from './links.tsx';
import { LogPanel } from './log.tsx';
import { PersonPanel } from './person.tsx';
import { StockPanel } from './stock.tsx';
import { labNow, only, type Known } from './store.ts';
import { Summary, type SummaryProps } from './summary.tsx';
import { WaitingPanel } from './waiting.tsx';

export function App({ connection }: { readonly connection: Connection }) {
  const state = useConnection(connection);
  const { known, seq } = state.lab;
  const { connected, welcome } = state;
  const campaign = only(known.campaign);
  const progress = only(known.progress);
  useTitle(campaign, progress);
  return (
    <>
      <Banner state={state} />
      <Header
        campaign={campaign}
        progress={progress}
        welcome={welcome}
        connected={connected}
        order={connection.order}
      />
      {seq === 0 ? (
        <main class="blank">
          {connected ? 'Nothing has happened in this lab yet.' : 'Connecting to the controller…'}
        </main>
      ) : (
        <Panels state={state} connection={connection} campaign={campaign} progress={progress} />
      )}
    </>
  );
}

interface PanelsProps {
  readonly state: PageState;
  readonly connection: Connection;
  readonly campaign: CampaignView | undefined;
  readonly progress: ProgressView | undefined;
}

function Panels({ state, connection, campaign, progress }: PanelsProps) {
  const { known } = state.lab;
  const { status } = state;
  const canOrder = state.welcome.role === 'operator' && state.connected;
  const now = useNow(state);
  return (
    <main>
      <Summary campaign={campaign} progress={progress} status={status} now={now} />
      <PersonPanel questions={known.indeterminate} late={known.late} canOrder={canOrder} order={connection.order} />
      <div class="columns">
        <MainColumn
          known={known}
          status={status}
          campaign={campaign}
          progress={progress}
          now={now}
          order={canOrder ? connection.order : undefined}
        />
        <SideColumn state={state} older={connection.olderLog} campaign={campaign} now={now} />
      </div>
    </main>
  );
}

/** A panel is drawn anew only when what it shows is another object. */
function MainColumn(props: SummaryProps & { readonly known: Known; readonly order: Connection['order'] | undefined }) {
  const { known, status, campaign, progress, now, order } = props;
  const { devices, bars, experiments, results } = known;
  return (
    <div class="column">
      <GanttPanel
        devices={devices}
        bars={bars}
        experiments={experiments}
        status={status}
        campaign={campaign}
        now={now}
      />
      {useMemo(
        () => (
          <ConvergencePanel results={results} campaign={campaign} sources={progress?.sources} />
        ),
        [results, campaign, progress?.sources],
      )}
      {useMemo(
        () => (
          <ExperimentsPanel experiments={experiments} campaign={campaign} order={order} />
        ),
        [experiments, campaign, order],
      )}
    </div>
  );
}

function SideColumn(props: {
  readonly state: PageState;
  readonly older: Connection['olderLog'];
  readonly campaign: CampaignView | undefined;
  readonly now: number;
}) {
  const { state, older, campaign, now } = props;
  const { known, log } = state.lab;
  const { devices, links, lots, energy } = known;
  return (
    <div class="column">
      <DevicesPanel devices={devices} now={now} durations={state.status?.durations ?? []} />
      <WaitingPanel waiting={state.status?.waiting ?? []} now={now} />
      {useMemo(
        () => (
          <LinksPanel links={links} campaign={campaign} />
        ),
        [links, campaign],
      )}
      {useMemo(
        () => (
          <StockPanel lots={lots} />
        ),
        [lots],
      )}
      {useMemo(
        () => (
          <EnergyPanel energy={energy} />
        ),
        [energy],
      )}
      {useMemo(
        () => (
          <LogPanel log={log} older={older} />
        ),
        [log],
      )}
    </div>
  );
}

function useTitle(campaign: CampaignView | undefined, progress: ProgressView | undefined): void {
  const done = progress?.counts.completed ?? 0;
  const title =
    campaign === undefined ? 'Labwright' : `${done}/${campaign.budget.experiments} ${campaign.id} · Labwright`;
  useEffect(() => {
    document.title = title;
  }, [title]);
}

function useConnection(connection: Connection): PageState {
  const [state, setState] = useState(connection.state);
  useEffect(() => {
    setState(connection.state);
    return connection.subscribe(() => setState(connection.state));
  }, [connection]);
  return state;
}

/** Lab time, a few times a second; it stands still when the connection is lost or the campaign is over. */
function useNow({ lab, status, heardAt, connected, lostAt }: PageState): number {
  const [wall, setWall] = useState(() => performance.now());
  const campaign = only(lab.known.campaign);
  const over = campaign?.finishedAt;
  useEffect(() => {
    if (!connected || over !== undefined) return;
    const timer = setInterval(() => setWall(performance.now()), 500);
    return () => clearInterval(timer);
  }, [connected, over]);
  if (over !== undefined) return over;
  if (!connected && lostAt !== undefined) return lostAt;
  return Math.max(labNow(status, heardAt, campaign?.speed ?? 1, wall), lab.log.at(-1)?.at ?? 0);
}
