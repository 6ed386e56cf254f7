import { writeFileSync } from 'node:fs';
import { failure, FailureError } from '../base/failure.ts';
import { Ledger, type ReplayReport } from '../ledger/ledger.ts';
import { listDevices } from './devices.ts';
import { exportTable, type TableName } from './export.ts';
import { reportOf, reportText } from './report.ts';
import { existingRunFolder, type RunFolder } from './run-folder.ts';

/** The commands that look at a ledger or a broker and change nothing. */

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

export function report(path: string | undefined, { json }: { json?: boolean }): number {
  return look(path, (ledger, folder) => {
    const made = reportOf(ledger);
    if (made === undefined)
      throw new FailureError(
        failure('ledger.missing', 'The ledger holds no campaign yet.', {
          where: folder.ledger,
          mend: `Start one in it with "labwright run campaign.yaml --dir ${folder.path}".`,
        }),
      );
    process.stdout.write(json ? `${JSON.stringify(made)}\n` : `${reportText(made, ledger.definition()!)}\n`);
    return 0;
  });
}

export function exportRows(
  path: string | undefined,
  { what, format, out }: { what: TableName; format: 'csv' | 'jsonl'; out?: string },
): number {
  return look(path, (ledger) => {
    if (out === undefined) for (const part of exportTable(ledger, what, format)) process.stdout.write(part);
    else {
      writeOut(out, '', 'w');
      for (const part of exportTable(ledger, what, format)) writeOut(out, part, 'a');
    }
    return 0;
  });
}

function writeOut(path: string, text: string, flag: 'w' | 'a'): void {
  try {
    writeFileSync(path, text, { flag });
  } catch (error) {
    throw new FailureError(
      failure('input.unreadable', `The file cannot be written: ${(error as Error).message}.`, {
        where: path,
        mend: 'Name a file in a folder that exists and may be written.',
      }),
    );
  }
}

export function replay(path: string | undefined, { json }: { json?: boolean }): number {
  return look(path, (ledger, folder) => {
    const found = ledger.replay();
    process.stdout.write(json ? `${JSON.stringify(found)}\n` : `${replayText(found, folder.ledger)}\n`);
    return found.ok ? 0 : 5;
  });
}

function replayText({ ok, events, broken, differenceCount, differences }: ReplayReport, path: string): string {
  if (ok) return `${events} events: the chain is whole, and every table rebuilt from them equals the one in use.`;
  if (broken !== undefined) return `${path}: The chain of events breaks at event ${broken.seq}: ${broken.reason}`;
  const lines = differences.map(
    ({ table, key, rebuilt, stored }) =>
      `  ${table} ${key}: rebuilt ${rebuilt ?? 'without this row'}, in use ${stored ?? 'without this row'}`,
  );
  const more = differenceCount > differences.length ? [`  and ${differenceCount - differences.length} more`] : [];
  return [`${path}: ${differenceCount} rows differ from what the events say:`, ...lines, ...more].join('\n');
}

export async function devices(options: { broker: string; site: string; json?: boolean }): Promise<number> {
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
