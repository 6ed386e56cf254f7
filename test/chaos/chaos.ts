import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { stream, type Stream } from '../../src/base/random.ts';
import { createWorld } from '../../simulators/world.ts';
import { compareBooks } from './books.ts';
import { Fleet, type BrokerKind } from './fleet.ts';
import { HonestPerson, look } from './honest-person.ts';

export interface ChaosOptions {
  readonly kills: number;
  readonly broker: BrokerKind;
  readonly seed: number;
  /** Of each campaign; another one begins when it has ended and kills are left. */
  readonly experiments: number;
  /** Lab seconds per wall second. */
  readonly speed: number;
  /** Mean wall ms between two kills. */
  readonly meanMs?: number;
  readonly say?: (sentence: string) => void;
}

export interface ChaosResult {
  readonly seed: number;
  readonly broker: BrokerKind;
  readonly campaigns: number;
  readonly kills: Readonly<Record<string, number>>;
  readonly starts: number;
  readonly experiments: Readonly<Record<string, number>>;
  readonly commands: number;
  readonly indeterminate: number;
  readonly resolved: Readonly<Record<string, number>>;
  readonly violations: readonly string[];
  readonly seconds: number;
}

/** Wall ms without a kill and without an event after which a campaign counts as stuck. */
const peaceMs = 60_000;
const longestRestartMs = 1200;

interface Tally {
  readonly kills: Record<string, number>;
  readonly experiments: Record<string, number>;
  readonly resolved: Record<string, number>;
  readonly violations: string[];
  starts: number;
  commands: number;
  indeterminate: number;
}

const addAll = (sums: Record<string, number>, more: Readonly<Record<string, number>>): void => {
  for (const [name, count] of Object.entries(more)) sums[name] = (sums[name] ?? 0) + count;
};
const total = (sums: Readonly<Record<string, number>>): number => Object.values(sums).reduce((a, b) => a + b, 0);

/** Campaign after campaign under random kills, until there were enough; then the books of each are compared. */
export async function chaos(options: ChaosOptions): Promise<ChaosResult> {
  const began = Date.now();
  const { seed, broker, kills } = options;
  const random = stream(seed, `chaos/${broker}`);
  const tally: Tally = {
    ...{ kills: {}, experiments: {}, resolved: {}, violations: [] },
    ...{ starts: 0, commands: 0, indeterminate: 0 },
  };
  let campaigns = 0;
  while ((total(tally.kills) < kills || campaigns === 0) && tally.violations.length === 0) {
    campaigns += 1;
    await campaign(options, seed + campaigns - 1, random, tally);
  }
  return { seed, broker, campaigns, ...tally, seconds: (Date.now() - began) / 1000 };
}

async function campaign(options: ChaosOptions, seed: number, random: Stream, tally: Tally): Promise<void> {
  const { broker, experiments, speed, say = () => undefined } = options;
  const folder = mkdtempSync(join(tmpdir(), 'labwright-chaos-'));
  const fleet = await Fleet.start({ folder, broker, experiments, speed, seed });
  const world = createWorld({ lab: fleet.lab, directory: fleet.world });
  const person = new HonestPerson(fleet.run, world);
  try {
    await harass(fleet, person, random, options, tally);
    if (!fleet.over) tally.violations.push(...stuck(fleet));
  } finally {
    await fleet.stop();
  }
  tally.starts += fleet.processes.reduce((sum, { starts }) => sum + starts, 0);
  tally.violations.push(...fleet.crashes);
  const compared = look(fleet.run, (ledger) => compareBooks(ledger, world, join(folder, 'simulated', 'journals')));
  if (compared === undefined) tally.violations.push('the ledger cannot be read');
  else {
    addAll(tally.experiments, compared.experiments);
    addAll(tally.resolved, compared.resolved);
    tally.commands += compared.commands;
    tally.indeterminate += compared.indeterminate;
    tally.violations.push(...compared.violations);
  }
  say(`campaign of seed ${seed} over: ${total(tally.kills)} kills, ${tally.violations.length} violations`);
  if (tally.violations.length === 0) rmSync(folder, { recursive: true, force: true });
  else say(`its files are kept in ${folder}`);
}

/** Kills at random until the campaign has ended or there were enough kills; then waits for its end. */
async function harass(
  fleet: Fleet,
  person: HonestPerson,
  random: Stream,
  { kills, meanMs = 900, say = () => undefined }: ChaosOptions,
  tally: Tally,
): Promise<void> {
  let nextKill = Date.now() + 3000;
  let lastNews = Date.now();
  let events = 0;
  while (!fleet.over && Date.now() - lastNews < peaceMs) {
    await wait(50);
    const seq = look(fleet.run, (ledger) => ledger.lastSeq()) ?? events;
    if (seq > 0 && events === 0) fleet.markOpened();
    if (seq !== events) lastNews = Date.now();
    events = seq;
    await person.decide();
    if (total(tally.kills) >= kills || Date.now() < nextKill) continue;
    const victim = pickVictim(fleet, random);
    nextKill = Date.now() + -Math.log(1 - random.next()) * meanMs;
    if (victim === undefined) continue;
    await victim.kill();
    lastNews = Date.now();
    tally.kills[victim.name] = (tally.kills[victim.name] ?? 0) + 1;
    if (total(tally.kills) % 20 === 0) say(`${total(tally.kills)} kills`);
    victim.startAfter(random.next() ** 2 * longestRestartMs);
  }
}

/** Mostly one that is at work; sometimes one that has just been started. */
function pickVictim({ processes }: Fleet, random: Stream) {
  const early = random.chance(0.15);
  const candidates = processes.filter(({ alive, isReady }) => alive && (isReady || early));
  return candidates.length === 0 ? undefined : random.pick(candidates);
}

function stuck(fleet: Fleet): string[] {
  const waiting = look(fleet.run, (ledger) =>
    ledger.commands().filter(({ state }) => state === 'intended' || state === 'accepted'),
  );
  const open = (waiting ?? []).map(
    ({ key, device, capability, state }) => `${capability} on ${device} ${state} (${key})`,
  );
  const asleep = fleet.processes.filter(({ isReady }) => !isReady).map(({ name }) => name);
  return [
    `nothing has happened for ${peaceMs / 1000} s, and the campaign goes on; open: ${open.join(', ') || 'nothing'}; ` +
      `not at work: ${asleep.join(', ') || 'nobody'}`,
  ];
}
