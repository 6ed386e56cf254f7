import { realClock, type AdjustableClock, type Pace } from '../base/clock.ts';
import { exitCodeOf, failure, FailureError, type Failure } from '../base/failure.ts';
import { uniqueId } from '../base/random.ts';
import type { Definition } from '../domain/campaign.ts';
import type { LabEvent } from '../domain/event.ts';
import { Engine } from '../engine/engine.ts';
import { workerAdvisor } from '../engine/optimizer-worker.ts';
import { workerSearcher } from '../engine/search-worker.ts';
import { Ledger } from '../ledger/ledger.ts';
import type { LabSource } from '../server/source.ts';
import { startServer, type LabServer } from '../server/server.ts';
import { connectBus } from '../wire/mqtt-bus.ts';
import { toWireTime } from '../wire/time.ts';
import { topics } from '../wire/topics.ts';
import { failWith } from './act.ts';
import { cleaningUp } from './cleanup.ts';
import { progressOf, type Mode, type Progress } from './progress.ts';
import { reportOf, reportText } from './report.ts';
import { launchOf, saveLaunch, type Launch, type RunFolder } from './run-folder.ts';
import { version } from './version.ts';

/** Wall ms to listen for what devices have left with the broker before the first command. */
const settleMs = 700;

export interface SessionOptions {
  readonly folder: RunFolder;
  readonly ledger: Ledger;
  readonly definition: Definition;
  readonly pace: Pace;
  readonly brokerUrl: string;
  /** Brought along with --broker, to be remembered for `resume`. */
  readonly externalBroker: boolean;
  readonly simulated: boolean;
  readonly mode: Mode;
  /** Port of the page, `undefined` for 8080 or whatever is free; `false` for no page. */
  readonly page: number | undefined | false;
  /** Serve the page after the end. */
  readonly stay: boolean;
}

/** Runs the controller until the campaign has ended, the process is told to go, or it cannot go on. */
export const runSession = (options: SessionOptions): Promise<number> =>
  cleaningUp((later) => controlLab(options, later));

async function controlLab(options: SessionOptions, later: (action: () => unknown) => void): Promise<number> {
  const { ledger, definition, pace, folder, mode } = options;
  const clock = realClock(pace);
  const instance = uniqueId();
  const bus = await connectBus({
    url: options.brokerUrl,
    clientId: `labwright-${instance.slice(0, 12)}`,
    will: willOf(definition, instance, clock),
  });
  later(() => bus.close());
  const advisor = workerAdvisor();
  later(() => advisor.close());
  let progress: Progress | undefined;
  const log = (message: string) => progress?.say(message);
  const searcher = workerSearcher(clock, (why) =>
    log(`The search for a better plan failed: ${why}. The lab goes on with the plan it has.`),
  );
  later(() => searcher.close());
  const engine = new Engine({
    ledger,
    clock,
    bus,
    advisor,
    searcher,
    site: definition.lab.site,
    instance,
    software: `labwright ${version}`,
    settleMs,
    pace,
    log,
  });
  // Operators stay operators when the controller comes back.
  const { token } = launchOf(folder);
  const page = options.page === false ? undefined : await openPage(options.page, sourceOf(engine, ledger), token);
  later(() => page?.close());
  later(() => engine.close());
  const write = (text: string) => void process.stdout.write(text);
  progress = progressOf(mode, {
    ledger,
    definition: () => ledger.definition() ?? definition,
    status: () => engine.status(),
    write,
  });
  const launch: Launch = { ...launchNow(options), ...(page === undefined ? {} : { token: page.token }) };
  saveLaunch(folder, { ...launch, ...(page === undefined ? {} : { page: page.url }) });
  later(() => saveLaunch(folder, launch));
  progress.say(`${definition.campaign.campaign}: ${folder.path}${paceText(pace)}`);
  if (page !== undefined) progress.say(`Page: ${page.url}`);
  const ended = untilEnd(engine, ledger, progress);
  engine.start(definition, pace);
  const result = await ended;
  progress.close();
  const stays = options.stay && page !== undefined && 'outcome' in result;
  const code = conclude(result, options);
  if (stays) {
    process.stdout.write('The page stays open until Ctrl-C.\n');
    await signal();
  }
  return code;
}

const paceText = ({ speed }: Pace): string => (speed === 1 ? '' : `, ${speed} times as fast as a real lab`);

/** How the run was started, as far as it is known before its page is open. */
export const launchNow = ({ pace, externalBroker, brokerUrl, simulated }: SessionOptions): Launch => ({
  speed: pace.speed,
  simulated,
  ...(externalBroker ? { broker: brokerUrl } : {}),
});

type End = { signal: string } | { failure: Failure } | { outcome: string };

function untilEnd(engine: Engine, ledger: Ledger, progress: Progress): Promise<End> {
  return new Promise((resolve) => {
    const outcome = ledger.campaign()?.outcome;
    if (outcome !== undefined) return resolve({ outcome });
    engine.onFatal((problem) => resolve({ failure: problem }));
    engine.subscribe((events: readonly LabEvent[]) => {
      progress.onEvents(events);
      for (const event of events) if (event.type === 'campaign.finished') resolve({ outcome: event.data.outcome });
    });
    void signal().then((name) => resolve({ signal: name }));
  });
}

const signal = (): Promise<string> =>
  new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => resolve(name));
  });

function conclude(end: End, { folder, ledger, mode }: SessionOptions): number {
  if ('failure' in end) return failWith([end.failure], mode === 'json');
  if ('signal' in end) {
    process.stderr.write(`Stopped by ${end.signal}. Nothing is lost; continue with: labwright resume ${folder.path}\n`);
    return end.signal === 'SIGINT' ? 130 : 143;
  }
  return concludeEnded(ledger, mode);
}

/** Tells what a campaign that has ended has come to. */
export function concludeEnded(ledger: Ledger, mode: Mode): number {
  const report = reportOf(ledger)!;
  const json = mode === 'json';
  const text = json ? JSON.stringify({ type: 'report', ...report }) : `\n${reportText(report, ledger.definition()!)}`;
  process.stdout.write(`${text}\n`);
  const well = report.outcome === 'completed' || (report.outcome === 'stopped' && report.best.length > 0);
  return well ? 0 : exitCodeOf(failure('campaign.unsuccessful', ''));
}

const willOf = ({ lab }: Definition, instance: string, clock: AdjustableClock) => ({
  topic: topics.controller(lab.site, 'main'),
  payload: JSON.stringify({ online: false, epoch: 0, instance, at: toWireTime(clock.now()) }),
});

export const sourceOf = (engine: Engine, ledger: Ledger): LabSource => ({
  history: (after) => ledger.events({ from: after + 1 }),
  subscribe: (listener) => engine.subscribe(listener),
  status: () => engine.status(),
  order: (order, by) => engine.order(order, by.replace(/^person\//, '')),
});

/** The page on the port that was asked for; on any free one where none was and 8080 is taken. */
export async function openPage(port: number | undefined, source: LabSource, token?: string): Promise<LabServer> {
  const options = { source, ...(token === undefined ? {} : { token }) };
  try {
    return await startServer({ ...options, ...(port === undefined ? {} : { port }) });
  } catch (error) {
    if (port !== undefined || !(error instanceof FailureError) || error.failure.code !== 'port.in_use') throw error;
    return startServer({ ...options, port: 0 });
  }
}
