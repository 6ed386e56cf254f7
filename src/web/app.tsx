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
import { LogPanel } from './log.tsx';
import { PersonPanel } from './person.tsx';
import { StockPanel } from './stock.tsx';
import { labNow, only } from './store.ts';
import { Summary } from './summary.tsx';
import { WaitingPanel } from './waiting.tsx';

export function App({ connection }: { readonly connection: Connection }) {
  const state = useConnection(connection);
  const { known, log, seq } = state.lab;
  const { status, connected, welcome } = state;
  const campaign = only(known.campaign);
  const progress = only(known.progress);
  const now = useNow(state);
  useTitle(campaign, progress);
  const canOrder = welcome.role === 'operator' && connected;
  // A panel is drawn anew only when what it shows is another object.
  const panels = {
    person: useMemo(
      () => <PersonPanel questions={known.indeterminate} canOrder={canOrder} order={connection.order} />,
      [known.indeterminate, canOrder],
    ),
    devices: useMemo(() => <DevicesPanel devices={known.devices} now={now} />, [known.devices, now]),
    experiments: useMemo(
      () => <ExperimentsPanel experiments={known.experiments} campaign={campaign} />,
      [known.experiments, campaign],
    ),
    convergence: useMemo(
      () => <ConvergencePanel results={known.results} campaign={campaign} progress={progress} />,
      [known.results, campaign],
    ),
    stock: useMemo(() => <StockPanel lots={known.lots} />, [known.lots]),
    energy: useMemo(() => <EnergyPanel energy={known.energy} />, [known.energy]),
    log: useMemo(() => <LogPanel log={log} older={connection.olderLog} />, [log]),
    waiting: useMemo(() => <WaitingPanel waiting={status?.waiting ?? []} />, [status?.waiting]),
  };
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
        <main>
          <Summary campaign={campaign} progress={progress} status={status} lots={known.lots} now={now} />
          {panels.person}
          <div class="columns">
            <div class="column wide">
              <GanttPanel devices={known.devices} bars={known.bars} status={status} campaign={campaign} now={now} />
              {panels.convergence}
              {panels.experiments}
            </div>
            <div class="column">
              {panels.devices}
              {panels.waiting}
              {panels.stock}
              {panels.energy}
              {panels.log}
            </div>
          </div>
        </main>
      )}
    </>
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
  return labNow(status, heardAt, campaign?.speed ?? 1, wall);
}
