import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import * as z from 'zod';
import { failure, FailureError } from '../base/failure.ts';

/** Of every run folder. */
export const ledgerName = 'ledger.sqlite';

/** Where a run keeps what must outlive its process: the ledger, and of simulated devices their journals and world. */
export interface RunFolder {
  readonly path: string;
  readonly ledger: string;
  readonly journals: string;
  readonly world: string;
}

export const runsFolder = 'runs';

export const folderAt = (path: string): RunFolder => ({
  path,
  ledger: join(path, ledgerName),
  journals: join(path, 'journals'),
  world: join(path, 'world'),
});

/** The folder that was named, or runs/NAME-001, or the next number that is free; and whether it is new. */
export function newRunFolder(name: string, path?: string): RunFolder & { readonly fresh: boolean } {
  const chosen = path ?? nextFree(name);
  const fresh = !existsSync(chosen);
  try {
    mkdirSync(chosen, { recursive: true });
  } catch (error) {
    throw new FailureError(
      failure('input.unreadable', `The folder cannot be made: ${(error as Error).message}.`, {
        where: chosen,
        mend: 'Name another with --dir.',
      }),
    );
  }
  return { ...folderAt(chosen), fresh };
}

function nextFree(name: string): string {
  for (let number = 1; ; number++) {
    const path = join(runsFolder, `${name}-${String(number).padStart(3, '0')}`);
    if (!existsSync(path)) return path;
  }
}

/** The folder that was named, or the one that was used last. */
export function existingRunFolder(path?: string): RunFolder {
  const chosen = path ?? latest();
  if (chosen !== undefined && existsSync(join(chosen, ledgerName))) return folderAt(chosen);
  if (chosen !== undefined && basename(chosen) === ledgerName) return existingRunFolder(join(chosen, '..'));
  throw new FailureError(
    failure('ledger.missing', path === undefined ? 'There is no campaign in runs/.' : `${path} holds no campaign.`, {
      mend: 'Start one with "labwright run campaign.yaml", or name its folder.',
    }),
  );
}

function latest(): string | undefined {
  if (!existsSync(runsFolder)) return undefined;
  const times = readdirSync(runsFolder)
    .map((name) => join(runsFolder, name))
    .filter((path) => existsSync(join(path, ledgerName)))
    .map((path) => ({ path, time: lastWritten(path) }));
  return times.sort((a, b) => b.time - a.time)[0]?.path;
}

const lastWritten = (path: string): number =>
  Math.max(...readdirSync(path).map((name) => statSync(join(path, name)).mtimeMs));

const Launch = z.object({
  /** Absent when the run brings its own broker and simulators. */
  broker: z.string().optional(),
  speed: z.number(),
  /** Whether all its devices were simulated. */
  simulated: z.boolean().optional(),
  page: z.string().optional(),
  /** Of the page; kept from start to start. */
  token: z.string().optional(),
});
export type Launch = z.infer<typeof Launch>;

/** How a run was started, for `resume`; and where its page listens while it runs, for `resolve` and `order`. */
export const launchOf = (folder: RunFolder): Launch => {
  const file = join(folder.path, 'launch.json');
  return existsSync(file) ? Launch.parse(JSON.parse(readFileSync(file, 'utf8'))) : { speed: 1 };
};

/** Holds the operator's token, so only the owner may read it. A process killed here leaves the old one. */
export function saveLaunch(folder: RunFolder, launch: Launch): void {
  const file = join(folder.path, 'launch.json');
  writeFileSync(`${file}.new`, `${JSON.stringify(launch)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

export const discard = (folder: RunFolder): void => rmSync(folder.path, { recursive: true, force: true });
