import type { LabView, LogLine, Patch, Section, Sections, StatusView } from '../server/contract.ts';

/** What the page knows of the lab. Every change gives a new object; sections that did not change are the same ones. */
export type Known = { readonly [S in Section]: ReadonlyMap<string, Sections[S]> };

export interface Lab {
  readonly ledger: string;
  readonly seq: number;
  readonly known: Known;
  readonly log: readonly LogLine[];
}

const logLines = 200;

export const emptyLab: Lab = {
  ledger: '',
  seq: 0,
  known: {
    campaign: new Map(),
    progress: new Map(),
    experiments: new Map(),
    results: new Map(),
    links: new Map(),
    devices: new Map(),
    bars: new Map(),
    lots: new Map(),
    energy: new Map(),
    indeterminate: new Map(),
    late: new Map(),
  },
  log: [],
};

export function fromSnapshot({ ledger, seq, sections, log }: LabView): Lab {
  const known: Partial<Record<Section, unknown>> = {};
  for (const name of Object.keys(emptyLab.known) as Section[])
    known[name] = new Map(sections[name].map((entity) => [entity.id, entity]));
  return { ledger, seq, known: known as Known, log };
}

export function patched(lab: Lab, { to, put, removed, log }: Patch): Lab {
  const known: Partial<Record<Section, unknown>> = { ...lab.known };
  for (const name of new Set([...Object.keys(put), ...Object.keys(removed)]) as Set<Section>) {
    const entities = new Map<string, unknown>(lab.known[name]);
    for (const entity of put[name] ?? []) entities.set(entity.id, entity);
    for (const id of removed[name] ?? []) entities.delete(id);
    known[name] = entities;
  }
  return { ...lab, seq: to, known: known as Known, log: joined(lab.log, log) };
}

/** After a long time away lines are missing in between: then only the new ones are kept. */
function joined(old: readonly LogLine[], fresh: readonly LogLine[]): readonly LogLine[] {
  if (fresh.length === 0) return old;
  const gap = old.length > 0 && fresh[0]!.seq !== old.at(-1)!.seq + 1;
  return gap ? fresh : [...old, ...fresh].slice(-logLines);
}

export const only = <T>(section: ReadonlyMap<string, T>): T | undefined => section.values().next().value;

/** Lab time now: it goes on between two messages, as fast as the lab's clock does. */
export function labNow(status: StatusView | undefined, heardAt: number, speed: number, wall: number): number {
  return status === undefined ? 0 : status.now + Math.max(0, wall - heardAt) * speed;
}
