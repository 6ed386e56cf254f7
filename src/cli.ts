#!/usr/bin/env node
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { describeLab } from '../devices/catalogue.ts';
import { startBroker } from '../simulators/broker.ts';
import { simulatedFirmware, simulateLab } from '../simulators/lab.ts';
import { createWorld } from '../simulators/world.ts';
import { realClock, type AdjustableClock, type Pace } from './base/clock.ts';
import { describeFailure, failure, FailureError, type Failure } from './base/failure.ts';
import { uniqueId } from './base/random.ts';
import { exportTable, tables, type TableName } from './cli/export.ts';
import { listDevices } from './cli/devices.ts';
import { sendOrder } from './cli/order.ts';
import { reportOf, reportText } from './cli/report.ts';
import { existingRunFolder, launchOf, newRunFolder, type RunFolder } from './cli/run-folder.ts';
import { failWith, runSession, version } from './cli/session.ts';
import { checkDefinition } from './domain/check.ts';
import type { Definition } from './domain/campaign.ts';
import { loadDefinition, loadLab, type Loaded } from './domain/load.ts';
import type { Lab } from './domain/lab.ts';
import { Ledger } from './ledger/ledger.ts';
import { openFileJournal } from './wire/file-journal.ts';
import { connectBus } from './wire/mqtt-bus.ts';
import { parseMessage } from './wire/messages.ts';
import { filters } from './wire/topics.ts';

/** The composition root: the only file of src that knows devices, simulators and everything else. */

const readText = (path: string): string => readFileSync(path, 'utf8');

const wholeNumber = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError('It must be a whole number.');
  return value;
};
const positive = (text: string): number => {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('It must be more than zero.');
  return value;
};

/** Many failures at once; the first decides the exit code. */
class Failures extends Error {
  readonly failures: readonly Failure[];
  constructor(failures: readonly Failure[]) {
    super(failures.map(describeFailure).join('\n'));
    this.failures = failures;
  }
}

/** The three files, checked against each other and against the catalogue of devices. */
function load(file: string, lab?: string): { loaded: Loaded; warnings: readonly Failure[] } {
  const read = loadDefinition(file, readText, lab === undefined ? {} : { lab });
  if (!read.ok) throw new Failures(read.failures);
  const { failures, warnings } = checkDefinition(read.value, describeLab(read.value.definition.lab));
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
  const { definition } = loaded;
  const { seed = definition.campaign.seed } = options;
  const seeded: Definition = { ...definition, campaign: { ...definition.campaign, seed } };
  const folder = newRunFolder(definition.campaign.campaign, options.dir);
  const ledger = Ledger.open(folder.ledger, { create: true });
  return conduct(folder, ledger, seeded, undefined, options);
}

async function resume(path: string | undefined, options: RunOptions): Promise<number> {
  const folder = existingRunFolder(path);
  const ledger = Ledger.open(folder.ledger);
  const definition = ledger.definition();
  const [opened] = ledger.events({ type: 'campaign.opened', limit: 1 });
  if (definition === undefined || opened?.type !== 'campaign.opened')
    throw new FailureError(
      failure('ledger.missing', `${folder.ledger} holds no campaign: it was stopped before it had begun.`, {
        mend: 'Start it again with "labwright run".',
      }),
    );
  const { broker } = launchOf(folder);
  return conduct(folder, ledger, definition, opened.data.clock, {
    ...options,
    ...(broker === undefined || options.broker !== undefined ? {} : { broker }),
  });
}

/** Brings the lab up (or finds it on a broker) and runs the controller in it. */
async function conduct(
  folder: RunFolder,
  ledger: Ledger,
  definition: Definition,
  known: Pace | undefined,
  options: RunOptions,
): Promise<number> {
  const external = options.broker !== undefined;
  const broker = external ? undefined : await startBroker({});
  const brokerUrl = options.broker ?? broker!.url;
  const pace = known ?? (await paceFor(definition.lab, brokerUrl, options));
  const simulators = external ? undefined : await simulate(definition, realClock(pace), folder, brokerUrl);
  try {
    return await runSession({
      folder,
      ledger,
      definition,
      pace,
      brokerUrl,
      externalBroker: external,
      mode: options.json === true ? 'json' : process.stdout.isTTY ? 'terminal' : 'plain',
      page: options.page ? options.port : false,
      stay: options.stay ?? (process.stdout.isTTY === true && options.json !== true),
    });
  } finally {
    await simulators?.stop();
    await broker?.close();
    ledger.close();
  }
}

/** Simulated instruments may live faster than the wall; real ones never do. */
async function paceFor(lab: Lab, brokerUrl: string, { speed, broker }: RunOptions): Promise<Pace> {
  const anchor = Date.now();
  if (speed !== undefined) return { origin: anchor, anchor, speed };
  if (broker === undefined) return { origin: anchor, anchor, speed: lab.simulation.speed };
  const ids = Object.keys(lab.devices);
  process.stderr.write(`Looking for ${ids.join(', ')} on ${brokerUrl} ...\n`);
  const found = await listDevices(brokerUrl, lab.site, { waitFor: ids, patienceMs: 15_000 });
  const missing = ids.filter(
    (id) => !found.some(({ device, descriptor }) => device === id && descriptor !== undefined),
  );
  if (missing.length > 0) process.stderr.write(`Not there yet: ${missing.join(', ')}. Their steps wait for them.\n`);
  const simulated = found.length > 0 && found.every(({ descriptor }) => descriptor?.firmware === simulatedFirmware);
  return { origin: anchor, anchor, speed: simulated ? lab.simulation.speed : 1 };
}

async function simulate(
  definition: { lab: Lab; campaign?: { seed: number } },
  clock: AdjustableClock,
  folder: { journals: string; world: string },
  url: string,
  only?: string,
) {
  const { lab } = definition;
  mkdirSync(folder.journals, { recursive: true });
  const simulation = simulateLab({
    lab,
    clock,
    seed: definition.campaign?.seed ?? 1,
    world: createWorld({ lab, directory: folder.world }),
    connect: (client, will) =>
      connectBus({ url, clientId: `${client}-${uniqueId().slice(0, 8)}`, ...(will === undefined ? {} : { will }) }),
    journalFor: (device) => openFileJournal(join(folder.journals, `${device}.jsonl`)),
    ...(only === undefined ? {} : { only }),
  });
  await simulation.start();
  return simulation;
}

async function simulateAlone(
  labFile: string,
  { broker, only, state, speed, seed }: { broker: string; only?: string; state: string; speed?: number; seed?: number },
): Promise<number> {
  const lab = loadLab(labFile, readText);
  if (!lab.ok) throw new Failures(lab.failures);
  const clock = realClock(speed === undefined ? {} : { speed });
  const listener = await connectBus({ url: broker, clientId: `simulators-${uniqueId().slice(0, 8)}` });
  if (speed === undefined)
    listener.subscribe(filters.controllers(lab.value.site), ({ topic, payload }) => {
      const message = parseMessage(topic, payload);
      if (message.ok && message.value.kind === 'controller' && message.value.body.pace !== undefined)
        clock.adjust(message.value.body.pace);
    });
  const folder = { journals: join(state, 'journals'), world: join(state, 'world') };
  const definition = { lab: lab.value, campaign: { seed: seed ?? 1 } };
  const simulation = await simulate(definition, clock, folder, broker, only);
  process.stdout.write(
    `Simulating ${only ?? Object.keys(lab.value.devices).join(', ')} on ${broker}; Ctrl-C ends it.\n`,
  );
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  await simulation.stop();
  await listener.close();
  return 0;
}

function check(file: string, { lab, json }: { lab?: string; json?: boolean }): number {
  const { loaded, warnings } = load(file, lab);
  const { campaign, protocol } = loaded.definition;
  const steps = protocol.stages.reduce((sum, stage) => sum + stage.steps.length, 0);
  if (json) process.stdout.write(`${JSON.stringify({ ok: true, warnings })}\n`);
  else {
    for (const warning of warnings) process.stdout.write(`Note: ${describeFailure(warning)}\n`);
    process.stdout.write(
      `${campaign.campaign} can run: ${Object.keys(campaign.space).length} parameters, ${steps} steps, ` +
        `at most ${campaign.budget.experiments} experiments.\n`,
    );
  }
  return 0;
}

/** Opens a ledger to look at it, whoever may be writing it. */
function look<T>(path: string | undefined, view: (ledger: Ledger, folder: RunFolder) => T): T {
  const folder = existingRunFolder(path);
  const ledger = Ledger.open(folder.ledger, { readonly: true });
  try {
    return view(ledger, folder);
  } finally {
    ledger.close();
  }
}

function report(path: string | undefined, { json }: { json?: boolean }): number {
  return look(path, (ledger, folder) => {
    const made = reportOf(ledger);
    if (made === undefined)
      throw new FailureError(failure('ledger.missing', `${folder.ledger} holds no campaign yet.`));
    process.stdout.write(json ? `${JSON.stringify(made)}\n` : `${reportText(made, ledger.definition()!)}\n`);
    return 0;
  });
}

function exportRows(
  path: string | undefined,
  options: { what: TableName; format: 'csv' | 'jsonl'; out?: string },
): number {
  return look(path, (ledger) => {
    if (options.out === undefined) {
      for (const part of exportTable(ledger, options.what, options.format)) process.stdout.write(part);
      return 0;
    }
    writeFileSync(options.out, '');
    for (const part of exportTable(ledger, options.what, options.format))
      writeFileSync(options.out, part, { flag: 'a' });
    return 0;
  });
}

function replay(path: string | undefined, { json }: { json?: boolean }): number {
  return look(path, (ledger, folder) => {
    const { differences, ...found } = ledger.replay();
    if (json) process.stdout.write(`${JSON.stringify({ ...found, differences })}\n`);
    else
      process.stdout.write(
        differences.length === 0
          ? `${ledger.lastSeq()} events: the chain is whole, and every table rebuilt from them equals the one in use.\n`
          : `${differences.length} differences in ${folder.ledger}:\n${differences.map(String).join('\n')}\n`,
      );
    return differences.length === 0 ? 0 : 5;
  });
}

async function devices(options: { broker: string; site: string; json?: boolean }): Promise<number> {
  const found = await listDevices(options.broker, options.site, { waitFor: [], patienceMs: 1500 });
  if (options.json) process.stdout.write(`${JSON.stringify(found)}\n`);
  else if (found.length === 0)
    process.stdout.write(`No device of site "${options.site}" is known on ${options.broker}.\n`);
  for (const { device, state, descriptor } of options.json ? [] : found) {
    const can = descriptor?.capabilities.map(({ name }) => name).join(', ') ?? 'has not said what it can do';
    process.stdout.write(`${device.padEnd(20)} ${(state ?? '?').padEnd(12)} ${descriptor?.model ?? ''}: ${can}\n`);
  }
  return 0;
}

const program = new Command('labwright')
  .description('Controller and scheduler for self-driving labs.')
  .version(version)
  .showHelpAfterError('(add --help for what is possible)')
  .addHelpText(
    'after',
    `
Exit codes: 0 well ended; 1 wrong usage; 2 bad input; 3 the lab cannot do it; 4 port or broker; 5 ledger;
6 another controller has taken over; 7 a person must decide; 8 aborted or halted; 9 optimizer; 130 stopped by Ctrl-C.`,
  );

const json = new Option('--json', 'for machines: JSON instead of text');
const act =
  <A extends unknown[]>(work: (...args: A) => number | Promise<number>) =>
  async (...args: unknown[]): Promise<void> => {
    const options = args.find((arg) => arg !== null && typeof arg === 'object' && !(arg instanceof Command));
    const asJson = (options as { json?: boolean } | undefined)?.json === true;
    try {
      process.exitCode = await work(...(args as A));
    } catch (error) {
      if (error instanceof Failures) process.exitCode = failWith(error.failures, asJson);
      else if (error instanceof FailureError) process.exitCode = failWith(error.failure, asJson);
      else throw error;
    }
  };

const running = (command: Command): Command =>
  command
    .option('--broker <url>', 'MQTT broker of a lab whose devices are already there (else: all is simulated here)')
    .option('--speed <factor>', 'lab seconds per wall second, for simulated labs', positive)
    .option('--port <number>', 'port of the page (default 8080, or any free one)', wholeNumber)
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
  .action(act(check));
program
  .command('simulate')
  .description('Simulate the devices of a lab on a broker, as processes of their own.')
  .argument('<lab.yaml>')
  .requiredOption('--broker <url>', 'MQTT broker, like mqtt://127.0.0.1:1883')
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
    .action(act(report));
program
  .command('devices')
  .description('List the devices on a broker.')
  .requiredOption('--broker <url>', 'MQTT broker')
  .requiredOption('--site <id>', 'site, as in lab.yaml')
  .addOption(json)
  .action(act(devices));
program
  .command('export')
  .description('Write a table of the ledger as CSV or JSON Lines.')
  .argument('[folder]', 'default: the one used last')
  .addOption(new Option('--what <table>', 'which table').choices(tables).default('experiments'))
  .addOption(new Option('--format <format>').choices(['csv', 'jsonl']).default('csv'))
  .option('--out <file>', 'default: standard output')
  .action(act(exportRows));
program
  .command('replay')
  .description('Verify the ledger: the chain of events, and every table rebuilt from zero.')
  .argument('[folder]', 'default: the one used last')
  .addOption(json)
  .action(act(replay));
program
  .command('resolve')
  .description('Decide what became of a command that nobody is sure of.')
  .argument('<key>')
  .addArgument(new Argument('<as>').choices(['happened', 'not_happened', 'discard']))
  .option('--dir <folder>', 'run folder (default: the one used last)')
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
  .action(act((op: string, { dir }: { dir?: string }) => sendOrder(existingRunFolder(dir), { op })));

await program.parseAsync();
