import * as z from 'zod';
import { Amount } from '../../domain/event.ts';
import { CommandKey, DeviceId, ExperimentId } from '../../domain/ids.ts';
import { checked, flag, json, maybe, number, selector, text, type RowOf } from '../rows.ts';
import type { Connection } from '../sqlite.ts';

const Json = z.record(z.string(), z.json());

const shape = {
  key: checked(CommandKey),
  seq: number,
  hash: text,
  experiment: checked(ExperimentId),
  stage: text,
  step: text,
  attempt: number,
  kind: checked(z.enum(['process', 'move'])),
  device: checked(DeviceId),
  capability: text,
  parameters: json(Json),
  from: maybe(checked(DeviceId)),
  to: maybe(checked(DeviceId)),
  /** Where the sample is while a process runs. */
  place: maybe(checked(DeviceId)),
  batch: maybe(text),
  consumes: json(z.array(Amount)),
  /** Expected duration, ms. */
  low: number,
  typical: number,
  high: number,
  /** ms from the intention on. */
  ttl: number,
  deadline: number,
  state: checked(z.enum(['intended', 'accepted', 'refused', 'ended', 'resolved'])),
  overdue: flag,
  boot: maybe(text),
  /** Lab ms. A refused command has ended, too. */
  intendedAt: number,
  acceptedAt: maybe(number),
  endedAt: maybe(number),
  /** The device's own clock, ms. */
  deviceStartedAt: maybe(number),
  deviceEndedAt: maybe(number),
  outcome: maybe(checked(z.enum(['ok', 'failed', 'cancelled', 'indeterminate']))),
  source: maybe(checked(z.enum(['device', 'controller', 'person']))),
  /** Of the refusal or of the error. */
  code: maybe(text),
  message: maybe(text),
  result: maybe(json(Json)),
  consumed: maybe(json(z.array(Amount))),
  resolution: maybe(checked(z.enum(['happened', 'not_happened', 'discard']))),
  resolvedBy: maybe(text),
  resolvedAt: maybe(number),
  /** Energy charged to it so far, and whether any of it comes from a power model. */
  joules: maybe(number),
  joulesModelled: flag,
};
export type CommandRow = RowOf<typeof shape>;

export interface CommandFilter {
  readonly key?: string;
  readonly experiment?: string;
  readonly device?: string;
  /** True: those without an end; a refused command has ended. */
  readonly open?: boolean;
  /** Only commands intended at or after this lab time, ms. */
  readonly since?: number;
}

const select = `SELECT key, seq, hash, experiment, stage, step, attempt, kind, device, capability, parameters,
  from_place AS "from", to_place AS "to", at_place AS place, batch, consumes, low, typical, high, ttl, deadline, state,
  overdue, boot, intended_at AS intendedAt, accepted_at AS acceptedAt, ended_at AS endedAt,
  device_started_at AS deviceStartedAt, device_ended_at AS deviceEndedAt, outcome, source, code, message, result, consumed,
  resolution, resolved_by AS resolvedBy, resolved_at AS resolvedAt,
  (SELECT sum(joules) FROM energy_command e WHERE e.key = command.key) AS joules,
  EXISTS (SELECT 1 FROM energy_command e WHERE e.key = command.key AND e.modelled <> 0) AS joulesModelled FROM command`;

/** Reads of commands, in the order of their intention. */
export function commandReads(db: Connection) {
  const find = selector(db, 'command', select, shape, 'ORDER BY seq');
  return {
    commands: ({ key, experiment, device, open, since }: CommandFilter = {}): CommandRow[] =>
      find({
        'key = ?': key,
        'experiment = ?': experiment,
        'device = ?': device,
        'ended_at IS NULL = ?': open === undefined ? undefined : Number(open),
        'intended_at >= ?': since,
      }),
  };
}
