import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandRow, Ledger, PostingRow } from '../../src/ledger/ledger.ts';
import { checkEnergy } from '../simulation/oracle-energy.ts';
import type { World } from '../../simulators/world.ts';

/** What has come of one campaign: figures, and every way in which books and world differ. */
export interface Comparison {
  readonly experiments: Readonly<Record<string, number>>;
  readonly commands: number;
  readonly indeterminate: number;
  /** Commands that a person decided on, by answer. */
  readonly resolved: Readonly<Record<string, number>>;
  readonly violations: readonly string[];
}

const terminal = new Set(['completed', 'failed', 'lost', 'cancelled', 'dropped']);

/** Compares the ledger with what has physically happened and with what the instruments have on record. */
export function compareBooks(ledger: Ledger, world: World, journals: string): Comparison {
  const rows = ledger.commands();
  const commands = new Map<string, CommandRow>(rows.map((row) => [row.key, row]));
  const experiments: Record<string, number> = {};
  for (const { status } of ledger.experiments()) experiments[status] = (experiments[status] ?? 0) + 1;
  const violations = [
    ...world.accidents().map(({ device, message }) => `accident at ${device}: ${message}`),
    ...ledger
      .experiments()
      .filter(({ status }) => !terminal.has(status))
      .map(({ experiment, status }) => `experiment ${experiment} is still ${status}`),
    ...rows.flatMap((row) => wronged(row, world)),
    ...lostResults(commands, journals),
    ...materials(ledger, commands, world),
    ...energy(ledger, world),
    ...replayed(ledger),
  ];
  if (ledger.campaign()?.outcome === undefined) violations.unshift('the campaign has not ended');
  const indeterminate = rows.filter(
    ({ resolution, outcome }) => resolution !== undefined || outcome === 'indeterminate',
  );
  const resolved: Record<string, number> = {};
  for (const { resolution } of rows)
    if (resolution !== undefined) resolved[resolution] = (resolved[resolution] ?? 0) + 1;
  return { experiments, commands: rows.length, indeterminate: indeterminate.length, resolved, violations };
}

/** Commands whose end in the books is not what the world has seen. */
function wronged({ key, device, capability, state, outcome, resolution, code }: CommandRow, world: World): string[] {
  const truth = world.truthOf(key);
  const named = `command ${key} (${capability} on ${device})`;
  if (state !== 'ended' && state !== 'refused' && state !== 'resolved') return [`${named} is still ${state}`];
  if (resolution !== undefined) {
    const honest = { happened: 'happened', not_happened: 'not_happened', discard: 'partly' }[resolution];
    return honest === truth ? [] : [`${named} was resolved as ${resolution}, but ${truth}`];
  }
  if (outcome === 'ok' && truth !== 'happened') return [`false ok: ${named} is ok in the books, but ${truth}`];
  const denied = state === 'refused' || outcome === 'failed' || outcome === 'cancelled';
  if (denied && truth === 'happened') return [`lost result: ${named} is ${outcome ?? state} (${code}), but happened`];
  if (state === 'refused' && truth !== 'not_happened') return [`${named} was refused (${code}), but ${truth}`];
  return [];
}

/** Results that an instrument has on record as ok and the books do not. */
function lostResults(commands: ReadonlyMap<string, CommandRow>, journals: string): string[] {
  const lost: string[] = [];
  for (const name of existsSync(journals) ? readdirSync(journals) : [])
    for (const line of readFileSync(join(journals, name), 'utf8').split('\n')) {
      const record = parsed(line);
      if (record?.type !== 'done' || record.event?.outcome !== 'ok') continue;
      const row = commands.get(record.key ?? '');
      if (row === undefined) lost.push(`${name} has a result of ${record.key}, which the books do not know`);
      else if (row.outcome !== 'ok')
        lost.push(`lost result: ${record.key} was ok by ${name}, ${row.outcome} by the books`);
    }
  return lost;
}

interface JournalLine {
  readonly type?: string;
  readonly key?: string;
  readonly event?: { readonly outcome?: string };
}

function parsed(line: string): JournalLine | undefined {
  try {
    return JSON.parse(line) as JournalLine;
  } catch {
    return undefined;
  }
}

/** Nanolitres; the books count in whole quanta, far below what any instrument can tell. */
const shown = (si: number): number => Number((si * 1e12).toFixed(6)) + 0;
const quantum = 1e-4;

/**
 * Command by command: what was booked is what the instrument reported to have poured, or what was commanded where a
 * person had to decide; and over all, what has left the lots is the sum of it.
 */
function materials(ledger: Ledger, commands: ReadonlyMap<string, CommandRow>, world: World): string[] {
  const expected = new Map<string, number>();
  const add = (sums: Map<string, number>, name: string, amount: number) =>
    sums.set(name, (sums.get(name) ?? 0) + amount);
  const differences: string[] = [];
  for (const { key = '?', material, reported } of world.pours()) {
    const row = commands.get(key);
    if (row === undefined) differences.push(`${material} was poured for ${key}, which the books do not know`);
    else if (row.resolution === undefined) add(expected, `${key} ${material}`, reported);
  }
  for (const { key, resolution, consumes } of commands.values())
    if (resolution !== undefined && resolution !== 'not_happened')
      for (const { material, amount } of consumes) add(expected, `${key} ${material}`, amount);
  const booked = new Map<string, number>();
  for (const posting of ledger.postings()) {
    const direction = drawn(posting);
    if (direction !== 0) add(booked, `${posting.key} ${posting.material}`, direction * posting.amount);
  }
  for (const name of new Set([...expected.keys(), ...booked.keys()])) {
    const [should, is] = [shown(expected.get(name) ?? 0), shown(booked.get(name) ?? 0)];
    if (Math.abs(should - is) > quantum) differences.push(`booked for ${name}: ${is} nL instead of ${should} nL`);
  }
  return [...differences, ...totals(ledger, expected)];
}

/** 1 where material goes into a sample, -1 where it is taken back, 0 for any other posting. */
function drawn({ debit, credit, key }: PostingRow): number {
  if (key === undefined) return 0;
  const source = (account: string) => /^(lot|reserved|supplier)/.test(account);
  if (debit.startsWith('sample:') && source(credit)) return 1;
  return credit.startsWith('sample:') && source(debit) ? -1 : 0;
}

function totals(ledger: Ledger, expected: ReadonlyMap<string, number>): string[] {
  const sums = new Map<string, number>();
  for (const { material, used } of ledger.stock()) sums.set(material, (sums.get(material) ?? 0) + used);
  for (const [name, amount] of expected) {
    const material = name.split(' ')[1]!;
    sums.set(material, (sums.get(material) ?? 0) - amount);
  }
  return [...sums].flatMap(([material, rest]) =>
    Math.abs(shown(rest)) <= quantum * expected.size
      ? []
      : [`stock of ${material}: ${shown(rest)} nL more have left the lots than was poured`],
  );
}

/** No counter begins again here: what has been drawn outlives the instrument's process. */
function energy(ledger: Ledger, world: World): string[] {
  const events = [...ledger.events()];
  const now = events.at(-1)!.at + 60_000;
  const drawn = (device: string, at: number) => world.drawn(device, at);
  const meters = { resets: new Map(), gaps: new Set<string>() };
  const found = checkEnergy({ events, energy: ledger.energy(), meters, now, drawn });
  return found.map(({ sentence }) => `energy: ${sentence}`);
}

function replayed(ledger: Ledger): string[] {
  const { ok, broken, differences } = ledger.replay();
  if (ok) return [];
  if (broken !== undefined) return [`the chain breaks at ${broken.seq}: ${broken.reason}`];
  return differences.map((difference) => `replay: ${JSON.stringify(difference)}`);
}
