#!/usr/bin/env node
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Argument, Command, Option } from 'commander';
import { describeLab } from '../devices/catalogue.ts';
import { startBroker } from '../simulators/broker.ts';
import { bridgeMeters } from '../devices/meters.ts';
import { simulatedFirmware, simulateLab, type Simulation } from '../simulators/lab.ts';
import { MemoryBroker } from '../simulators/memory-bus.ts';
import { createWorld } from '../simulators/world.ts';
import { realClock, type AdjustableClock, type Pace } from './base/clock.ts';
import { describeFailure, exitCodeOf, failure, FailureError, type Failure } from './base/failure.ts';
import { InvariantError } from './base/invariant.ts';
import { uniqueId } from './base/random.ts';
import { act, brokerUrl, Failures, outliveReaders, portNumber, positive, wholeNumber } from './cli/act.ts';
import { tables } from './cli/export.ts';
import { listDevices } from './cli/devices.ts';
import { devices, exportRows, replay, report } from './cli/look.ts';
import { certifyDevice } from './cli/certify/command.ts';
import { figuresOf, type Figures } from './cli/rehearse/figures.ts';
import { faultProfiles, rehearseOnce, withFaults, type BuildLab, type FaultProfile } from './cli/rehearse/rehearsal.ts';
import { rehearsalText } from './cli/rehearse/text.ts';
import { cleaningUp } from './cli/cleanup.ts';
import { optimizeOverStdio } from './cli/optimize/stdio.ts';
import { sendOrder } from './cli/order.ts';
import type { Mode } from './cli/progress.ts';
import { discard, existingRunFolder, launchOf, newRunFolder, saveLaunch, type RunFolder } from './cli/run-folder.ts';
import { concludeEnded, runSession, version } from './cli/session.ts';
import { checkDefinition } from './domain/check.ts';
import type { Definition } from './domain/campaign.ts';
import { located } from './domain/document.ts';
import { loadDefinition, loadLab, type Loaded } from './domain/load.ts';
import type { Lab } from './domain/lab.ts';
import { Ledger } from './ledger/ledger.ts';
import type { Will } from './wire/bus.ts';
import { memoryJournal, type Journal } from './wire/journal.ts';
import { openFileJournal } from './wire/file-journal.ts';
import type { Bus } from './wire/bus.ts';
import { connectBus } from './wire/mqtt-bus.ts';
import { parseMessage } from './wire/messages.ts';
import { filters } from './wire/topics.ts';

/** The composition root: the only file of src that knows devices, simulators and everything else. */

const readText = (path: string): string => readFileSync(path, 'utf8');

/** The three files, checked against each other and against the catalogue of devices. */
function load(file: string, lab?: string): { loaded: Loaded; warnings: readonly Failure[] } {
  const read = loadDefinition(file, readText, lab === undefined ? {} : { lab });
  if (!read.ok) throw new Failures(read.failures);
  const described = located(read.value.locate.lab, () => describeLab(read.value.definition.lab));
  const { failures, warnings } = checkDefinition(read.value, described);
  if (failures.length > 0) throw new Failures(failures);
  return { loaded: read.value, warnings };
}

interface RunOptions {
  broker?: string;
  lab?: string;
  dir?: string;
  speed?: number;
  port?: number;
  page: boolean;
  json?: boolean;
  seed?: number;
  stay?: boolean;
}

async function run(file: string, options: RunOptions): Promise<number> {
  const { loaded, warnings } = load(file, options.lab);
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
      return concludeEnded(ledger, definition, modeOf(options));
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

/** In a real lab the controller itself hears the smart plugs and passes their counters on as the devices' meters. */
async function bridgePlugs(lab: Lab, url: string): Promise<() => Promise<void>> {
  if (Object.values(lab.devices).every(({ meter }) => meter === undefined)) return async () => undefined;
  const boot = uniqueId().slice(0, 12);
  const bus = await connectBus({ url, clientId: `plugs-${boot}` });
  const stop = bridgeMeters({ bus, clock: realClock(), lab, boot });
  return async () => {
    stop();
    await bus.close();
  };
}

interface Simulated {
  readonly lab: Lab;
  readonly campaign?: { readonly seed: number };
}

async function simulate(
  { lab, campaign }: Simulated,
  clock: AdjustableClock,
  folder: { journals: string; world: string },
  url: string,
  { only, follow = false }: { only?: string; follow?: boolean } = {},
): Promise<Simulation> {
  mkdirSync(folder.journals, { recursive: true });
  const simulation = simulateLab({
    lab,
    clock,
    seed: campaign?.seed ?? 1,
    world: createWorld({ lab, directory: folder.world }),
    connect: async (client, will) => {
      const clientId = `${client}-${uniqueId().slice(0, 8)}`;
      const bus = await connectBus({ url, clientId, ...(will === undefined ? {} : { will }) });
      if (follow) followController(bus, lab.site, clock);
      return bus;
    },
    journalFor: (device) => openFileJournal(join(folder.journals, `${device}.jsonl`)),
    ...(only === undefined ? {} : { only }),
  });
  await simulation.start();
  return simulation;
}

/** On the connection of the device itself: the pace is known there before any command comes. */
function followController(bus: Bus, site: string, clock: AdjustableClock): void {
  bus.subscribe(filters.controllers(site), ({ topic, payload }) => {
    const message = parseMessage(topic, payload);
    if (message.ok && message.value.kind === 'controller' && message.value.body.pace !== undefined)
      clock.adjust(message.value.body.pace);
  });
}

/** Sets the simulated instruments up without starting them: what they lack is told before anything else happens. */
function rehearseSetUp(lab: Lab, only?: string): void {
  const unused = (): never => {
    throw new InvariantError('a lab that is only set up needs neither broker nor journals');
  };
  const place = { lab, clock: realClock(), seed: 1, world: createWorld({ lab }), connect: unused, journalFor: unused };
  simulateLab({ ...place, ...(only === undefined ? {} : { only }) });
}

interface SimulateOptions {
  broker: string;
  only?: string;
  state: string;
  speed?: number;
  seed?: number;
}

async function simulateAlone(labFile: string, { broker, only, state, speed, seed }: SimulateOptions): Promise<number> {
  const lab = loadLab(labFile, readText);
  if (!lab.ok) throw new Failures(lab.failures);
  located(lab.locate, () => rehearseSetUp(lab.value, only));
  const clock = realClock(speed === undefined ? {} : { speed });
  return cleaningUp(async (later) => {
    const folder = { journals: join(state, 'journals'), world: join(state, 'world') };
    const campaign = { seed: seed ?? 1 };
    const how = { follow: speed === undefined, ...(only === undefined ? {} : { only }) };
    const simulation = await simulate({ lab: lab.value, campaign }, clock, folder, broker, how);
    later(() => simulation.stop());
    process.stdout.write(
      `Simulating ${only ?? Object.keys(lab.value.devices).join(', ')} on ${broker}; Ctrl-C ends it.\n`,
    );
    await new Promise<void>((resolve) => {
      process.once('SIGINT', resolve);
      process.once('SIGTERM', resolve);
    });
    return 0;
  });
}

function check(file: string, { lab, json }: { lab?: string; json?: boolean }): number {
  const { loaded, warnings } = load(file, lab);
  const { campaign, protocol } = loaded.definition;
  const doubts = [...warnings, ...unsimulated(loaded)];
  const steps = protocol.stages.reduce((sum, stage) => sum + stage.steps.length, 0);
  if (json) process.stdout.write(`${JSON.stringify({ ok: true, warnings: doubts })}\n`);
  else {
    for (const warning of doubts) process.stdout.write(`Note: ${describeFailure(warning)}\n`);
    process.stdout.write(
      `${campaign.campaign} can run: ${Object.keys(campaign.space).length} parameters, ${steps} steps, ` +
        `at most ${campaign.budget.experiments} experiments.\n`,
    );
  }
  return 0;
}

/** Why the lab cannot be simulated here, which a real one need not be. */
function unsimulated({ definition, locate }: Loaded): readonly Failure[] {
  try {
    located(locate.lab, () => rehearseSetUp(definition.lab));
    return [];
  } catch (error) {
    if (error instanceof FailureError) return [error.failure];
    throw error;
  }
}

outliveReaders();
/** A simulated lab on a virtual clock and an in-memory network. */
const virtualLab: BuildLab = ({ lab, campaign }, clock) => {
  const broker = new MemoryBroker({ clock });
  const world = createWorld({ lab });
  const journals = new Map<string, Journal>();
  const connect = (clientId: string, will?: Will) =>
    broker.connect({ clientId, ...(will === undefined ? {} : { will }) });
  const simulation = simulateLab({
    lab,
    clock,
    seed: campaign.seed,
    world,
    connect,
    journalFor: (device) => {
      const journal = journals.get(device) ?? memoryJournal();
      journals.set(device, journal);
      return journal;
    },
  });
  void simulation.start();
  return {
    connect,
    truthOf: (key) => world.truthOf(key),
    put: (sample, place) => world.put(sample, place, clock.now()),
    remove: (sample) => world.remove(sample, clock.now()),
    restart: (device) => {
      simulation.crash(device);
      void simulation.restart(device);
    },
    close: () => void simulation.stop(),
  };
};

function rehearse(
  file: string,
  {
    replicates,
    faults,
    json,
    lab,
    seed,
  }: { replicates: number; faults: FaultProfile; json?: boolean; lab?: string; seed?: number },
): number {
  const { loaded, warnings } = load(file, lab);
  for (const warning of warnings) process.stderr.write(`Note: ${describeFailure(warning)}\n`);
  const definition = withFaults(loaded.definition, faults);
  const { campaign } = definition;
  const all = Array.from({ length: replicates }, (_, i): Figures => {
    const seeded = { ...definition, campaign: { ...campaign, seed: (seed ?? campaign.seed) + i } };
    const count = `${i + 1}/${replicates}`;
    const tell = (completed: number) =>
      process.stderr.isTTY && process.stderr.write(`\rRehearsal ${count}: ${completed}/${campaign.budget.experiments}`);
    const { ledger, ...outcome } = rehearseOnce(seeded, virtualLab, tell);
    const figures = figuresOf(ledger, outcome);
    ledger.close();
    return figures;
  });
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[2K');
  process.stdout.write(`${json ? JSON.stringify({ replicates: all }) : rehearsalText(all, definition)}\n`);
  return all.every(({ finished }) => finished) ? 0 : exitCodeOf(failure('campaign.unsuccessful', ''));
}

const program = new Command('labwright')
  .description('Controller and scheduler for self-driving labs.')
  .version(version)
  .showHelpAfterError('(add --help for what is possible)')
  .addHelpText(
    'after',
    `
Exit codes: 0 well ended; 1 wrong usage; 2 bad input; 3 the lab cannot do it; 4 port or broker; 5 ledger;
6 another controller has taken over; 7 a person must decide; 8 aborted, halted, or stopped without a result; 9 optimizer;
10 malformed message; 11 Node too old; 130 stopped by Ctrl-C (143 by SIGTERM).`,
  );

const json = new Option('--json', 'for machines: JSON instead of text');
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

running(program.command('run'))
  .description('Run a campaign.')
  .argument('<campaign.yaml>')
  .option('--lab <file>', 'another lab than the campaign names')
  .option('--dir <folder>', 'where to keep the ledger (default runs/NAME-001)')
  .option('--seed <number>', 'another seed than the campaign names', wholeNumber)
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
program
  .command('check')
  .description('Check campaign, protocol and lab without running anything.')
  .argument('<campaign.yaml>')
  .option('--lab <file>', 'another lab than the campaign names')
  .addOption(json)
  .addHelpText('after', '\nExample:\n  labwright check protocols/colour-match/campaign.yaml')
  .action(act(check));
program
  .command('rehearse')
  .description('Dry run: the whole campaign on a virtual clock, with simulated instruments.')
  .argument('<campaign.yaml>')
  .option('--replicates <number>', 'how often, each time with the next seed', wholeNumber, 1)
  .addOption(new Option('--faults <profile>', 'how much goes wrong').choices(faultProfiles).default('none'))
  .option('--lab <file>', 'another lab than the campaign names')
  .option('--seed <number>', 'another seed than the campaign names', wholeNumber)
  .addOption(json)
  .addHelpText(
    'after',
    '\nExample:\n  labwright rehearse protocols/colour-match/campaign.yaml --replicates 5 --faults typical',
  )
  .action(act(rehearse));
program
  .command('simulate')
  .description('Simulate the devices of a lab on a broker, as processes of their own.')
  .argument('<lab.yaml>')
  .requiredOption('--broker <url>', 'MQTT broker, like mqtt://127.0.0.1:1883', brokerUrl)
  .option('--only <device>', 'only this device')
  .option('--state <folder>', 'journals and world; share it between the processes of one lab', 'runs/simulated')
  .option('--speed <factor>', 'lab seconds per wall second (default: what the controller says)', positive)
  .option('--seed <number>', 'of noise and faults', wholeNumber)
  .addHelpText(
    'after',
    '\nExample:\n  labwright simulate protocols/colour-match/lab.yaml --broker mqtt://127.0.0.1:1883 --only handler',
  )
  .action(act(simulateAlone));
for (const [name, description] of [
  ['status', 'How a campaign stands, also while it runs.'],
  ['report', 'What a campaign has found, used and cost.'],
] as const)
  program
    .command(name)
    .description(description)
    .argument('[folder]', 'default: the one used last')
    .addOption(json)
    .addHelpText('after', `\nExample:\n  labwright ${name} runs/colour-match-001`)
    .action(act(report));
program
  .command('devices')
  .description('List the devices on a broker.')
  .requiredOption('--broker <url>', 'MQTT broker', brokerUrl)
  .requiredOption('--site <id>', 'site, as in lab.yaml')
  .addOption(json)
  .addHelpText('after', '\nExample:\n  labwright devices --broker mqtt://127.0.0.1:1883 --site colour-lab')
  .action(act(devices));
program
  .command('certify')
  .description('Try the whole wire contract on one device. The device really acts.')
  .requiredOption('--broker <url>', 'MQTT broker', brokerUrl)
  .requiredOption('--site <id>', 'site of the device')
  .requiredOption('--device <id>', 'which device')
  .option('--capability <name>', 'what it shall do (default: what takes about two seconds)')
  .option('--parameters <json>', 'how (default: the least that its schema accepts)')
  .addOption(new Option('--restart <command>', 'shell command that kills the device and starts it again'))
  .addOption(new Option('--ask', 'ask a person to pull the plug').conflicts('restart'))
  .option('--limit <seconds>', 'longest time in all (default: a minute, and what the commands take)', positive)
  .option('--junit <file>', 'write the report as JUnit XML, too')
  .option('--yes', 'the device may act, without a question')
  .addOption(json)
  .addHelpText(
    'after',
    '\nExample:\n  labwright certify --broker mqtt://127.0.0.1:1883 --site bench --device balance --yes --restart "systemctl kill -s KILL balance && systemctl restart balance"',
  )
  .action(act(certifyDevice));
program
  .command('export')
  .description('Write a table of the ledger as CSV or JSON Lines.')
  .argument('[folder]', 'default: the one used last')
  .addOption(new Option('--what <table>', 'which table').choices(tables).default('experiments'))
  .addOption(new Option('--format <format>').choices(['csv', 'jsonl']).default('csv'))
  .option('--out <file>', 'default: standard output')
  .addHelpText('after', '\nExample:\n  labwright export runs/colour-match-001 --what stock --format jsonl')
  .action(act(exportRows));
program
  .command('replay')
  .description('Verify the ledger: the chain of events, and every table rebuilt from zero.')
  .argument('[folder]', 'default: the one used last')
  .addOption(json)
  .addHelpText('after', '\nExample:\n  labwright replay runs/colour-match-001')
  .action(act(replay));
program
  .command('resolve')
  .description('Decide what became of a command that nobody is sure of.')
  .argument('<key>')
  .addArgument(new Argument('<as>').choices(['happened', 'not_happened', 'discard']))
  .option('--dir <folder>', 'run folder (default: the one used last)')
  .addHelpText('after', '\nExample (the key is in "labwright status"):\n  labwright resolve KEY happened')
  .action(
    act((key: string, as: string, { dir }: { dir?: string }) =>
      sendOrder(existingRunFolder(dir), { op: 'resolve', key, as }),
    ),
  );
program
  .command('order')
  .description('Give an order to a running campaign.')
  .addArgument(new Argument('<order>').choices(['pause', 'resume', 'stop', 'abort', 'halt']))
  .option('--dir <folder>', 'run folder (default: the one used last)')
  .addHelpText('after', '\nExample:\n  labwright order pause --dir runs/colour-match-001')
  .action(act((op: string, { dir }: { dir?: string }) => sendOrder(existingRunFolder(dir), { op })));
program
  .command('optimize')
  .description('The optimizer for other programs: requests and answers as JSON Lines (docs/optimize.md).')
  .requiredOption('--stdio', 'read standard input, answer on standard output')
  .addHelpText('after', '\nExample:\n  labwright optimize --stdio < requests.jsonl')
  .action(act(() => optimizeOverStdio(process.stdin, process.stdout)));

await program.parseAsync();
