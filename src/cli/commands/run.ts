import type { Command } from 'commander';
import { realClock, type Pace } from '../../base/clock.ts';
import { describeFailure, failure, FailureError } from '../../base/failure.ts';
import type { Definition } from '../../domain/campaign.ts';
import { located } from '../../domain/document.ts';
import type { Lab } from '../../domain/lab.ts';
import { Ledger } from '../../ledger/ledger.ts';
import { act, brokerUrl, portNumber, positive, wholeNumber } from '../act.ts';
import { cleaningUp } from '../cleanup.ts';
import { listDevices } from '../devices.ts';
import { bridgePlugs, rehearseSetUp, simulate, simulatedFirmware, startBroker } from '../labs.ts';
import { load } from '../load.ts';
import type { Mode } from '../progress.ts';
import { discard, existingRunFolder, launchOf, newRunFolder, saveLaunch, type RunFolder } from '../run-folder.ts';
import { concludeEnded, runSession } from '../session.ts';
import { json, source } from './options.ts';

interface RunOptions {
  broker?: string;
  lab?: string;
  dir?: string;
  speed?: number;
  port?: number;
  page: boolean;
  json?: boolean;
  seed?: number;
  source?: string[];
  stay?: boolean;
}

async function run(file: string, options: RunOptions): Promise<number> {
  const { loaded, warnings } = load(file, options.lab, options.source);
  for (const warning of warnings) process.stderr.write(`Note: ${describeFailure(warning)}\n`);
  const { definition, locate } = loaded;
  if (options.broker === undefined) located(locate.lab, () => rehearseSetUp(definition.lab));
  const { seed = definition.campaign.seed } = options;
  const seeded: Definition = { ...definition, campaign: { ...definition.campaign, seed } };
  const folder = newRunFolder(definition.campaign.campaign, options.dir);
  const ledger = Ledger.open(folder.ledger, { create: true });
  if (ledger.definition() !== undefined) {
    ledger.close();
    throw new FailureError(
      failure('input.invalid', `The folder ${folder.path} holds a campaign already.`, {
        mend: `Continue it with "labwright resume ${folder.path}", or name another with --dir.`,
      }),
    );
  }
  try {
    return await conduct(folder, ledger, seeded, undefined, options);
  } finally {
    const begun = ledger.definition() !== undefined;
    ledger.close();
    if (!begun && folder.fresh) discard(folder);
  }
}

async function resume(path: string | undefined, options: RunOptions): Promise<number> {
  const folder = existingRunFolder(path);
  const ledger = Ledger.open(folder.ledger);
  try {
    const definition = ledger.definition();
    const [opened] = ledger.events({ type: 'campaign.opened', limit: 1 });
    if (definition === undefined || opened?.type !== 'campaign.opened')
      throw new FailureError(
        failure('ledger.missing', `${folder.ledger} holds no campaign: it was stopped before it had begun.`, {
          mend: `Start it again with "labwright run campaign.yaml --dir ${folder.path}".`,
        }),
      );
    if (ledger.campaign()?.outcome !== undefined && options.stay !== true)
      return concludeEnded(ledger, modeOf(options));
    const { broker = launchOf(folder).broker } = options;
    const known = broker === undefined ? options : { ...options, broker };
    return await conduct(folder, ledger, definition, opened.data.clock, known);
  } finally {
    ledger.close();
  }
}

const modeOf = ({ json }: RunOptions): Mode => (json === true ? 'json' : process.stdout.isTTY ? 'terminal' : 'plain');

/** Brings the lab up (or finds it on a broker) and runs the controller in it. */
const conduct = (
  folder: RunFolder,
  ledger: Ledger,
  definition: Definition,
  known: Pace | undefined,
  options: RunOptions,
): Promise<number> =>
  cleaningUp(async (later) => {
    const external = options.broker !== undefined;
    // Before anything else: a run that is killed early must not be resumed in another lab.
    const before = launchOf(folder);
    if (external) saveLaunch(folder, { ...before, speed: known?.speed ?? 1, broker: options.broker! });
    const broker = external ? undefined : await startBroker({});
    later(() => broker?.close());
    const url = options.broker ?? broker!.url;
    const again = known && { pace: known, simulated: before.simulated ?? !external };
    const { pace, simulated } = again ?? (await paceFor(definition.lab, url, options));
    if (!simulated) later(await bridgePlugs(definition.lab, url));
    const simulation = external ? undefined : await simulate(definition, realClock(pace), folder, url);
    later(() => simulation?.stop());
    return await runSession({
      folder,
      ledger,
      definition,
      pace,
      brokerUrl: url,
      externalBroker: external,
      simulated,
      mode: modeOf(options),
      page: options.page ? options.port : false,
      stay: options.stay ?? (process.stdout.isTTY === true && options.json !== true),
    });
  });

/** Simulated instruments may live faster than the wall; real ones never do. */
async function paceFor(lab: Lab, url: string, options: RunOptions): Promise<{ pace: Pace; simulated: boolean }> {
  const { speed, broker } = options;
  const anchor = Date.now();
  const at = (factor: number, simulated: boolean) => ({ pace: { origin: anchor, anchor, speed: factor }, simulated });
  if (broker === undefined) return at(speed ?? lab.simulation.speed, true);
  const ids = Object.keys(lab.devices);
  process.stderr.write(`Looking for ${ids.join(', ')} on ${url} ...\n`);
  const found = await listDevices(url, lab.site, { waitFor: ids, patienceMs: 15_000 });
  const missing = ids.filter(
    (id) => !found.some(({ device, descriptor }) => device === id && descriptor !== undefined),
  );
  if (missing.length > 0) process.stderr.write(`Not there yet: ${missing.join(', ')}. Their steps wait for them.\n`);
  const simulated = found.length > 0 && found.every(({ descriptor }) => descriptor?.firmware === simulatedFirmware);
  return at(speed ?? (simulated ? lab.simulation.speed : 1), simulated);
}

const running = (command: Command): Command =>
  command
    .option(
      '--broker <url>',
      'MQTT broker of a lab whose devices are already there (else: all is simulated here)',
      brokerUrl,
    )
    .option('--speed <factor>', 'lab seconds per wall second, for simulated labs', positive)
    .option('--port <number>', 'port of the page (default 8080, or any free one; 0: any free one)', portNumber)
    .option('--no-page', 'no page in the browser')
    .option('--stay', 'keep the page open after the end (default in a terminal)')
    .option('--no-stay', 'leave when the campaign has ended')
    .addOption(json);

/** `run` and `resume`: the commands that control a lab. */
export function addRunning(program: Command): void {
  running(program.command('run'))
    .description('Run a campaign.')
    .argument('<campaign.yaml>')
    .option('--lab <file>', 'another lab than the campaign names')
    .option('--dir <folder>', 'where to keep the ledger (default runs/NAME-001)')
    .option('--seed <number>', 'another seed than the campaign names', wholeNumber)
    .addOption(source)
    .addHelpText(
      'after',
      '\nExamples:\n  labwright run protocols/colour-match/campaign.yaml\n  labwright run campaign.yaml --broker mqtt://127.0.0.1:1883',
    )
    .action(act(run));
  running(program.command('resume'))
    .description('Continue a campaign after a stop or a crash.')
    .argument('[folder]', 'default: the one used last')
    .addHelpText('after', '\nExample:\n  labwright resume runs/colour-match-001')
    .action(act(resume));
}
