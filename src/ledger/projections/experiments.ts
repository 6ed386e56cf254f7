import * as z from 'zod';
import { canonical } from '../../base/canonical.ts';
import { invariant } from '../../base/invariant.ts';
import { PointRecord, type EventOf, type EventType } from '../../domain/event.ts';
import { CommandKey, ExperimentId } from '../../domain/ids.ts';
import { checked, flag, json, maybe, number, query, text, value, type RowOf } from '../rows.ts';
import type { Connection } from '../sqlite.ts';
import type { Handlers, Projection } from './projection.ts';

export const experimentStatuses = [
  'suggested',
  'planned',
  'running',
  'observed',
  'held',
  'indeterminate',
  'completed',
  'dropped',
  'failed',
  'lost',
  'cancelled',
] as const;
const Status = z.enum(experimentStatuses);
type Status = z.infer<typeof Status>;

/** The life cycle of every experiment. An experiment that has ended stays as it is. */
export const experimentsProjection: Projection = {
  schema: `
CREATE TABLE experiment (
  experiment TEXT PRIMARY KEY, number INTEGER NOT NULL, ask INTEGER NOT NULL, parameters TEXT NOT NULL, predicted TEXT,
  acquisition REAL, why TEXT NOT NULL, status TEXT NOT NULL, stage TEXT, reason TEXT, retryable INTEGER,
  indeterminate_key TEXT, observations TEXT NOT NULL DEFAULT '{}', objectives TEXT, suggested_at INTEGER NOT NULL,
  planned_at INTEGER, started_at INTEGER, ended_at INTEGER, cleared_at INTEGER, changed_at INTEGER NOT NULL
) STRICT;
CREATE INDEX experiment_number ON experiment (number);`,
  handlers: (db) => ({ ...beginnings(db), ...middles(db), ...endings(db), ...doubts(db) }),
};

function beginnings(db: Connection): Handlers {
  const insert = db.prepare(
    `INSERT INTO experiment (experiment, number, ask, parameters, predicted, acquisition, why, status, suggested_at, changed_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, 'suggested', ?, ?)`,
  );
  const plan = db.prepare(
    `UPDATE experiment SET status = 'planned', planned_at = ?, changed_at = ? WHERE experiment = ? AND ended_at IS NULL`,
  );
  // A move that clears the place of an observed, held or ended sample is no new stage of its life.
  const run = db.prepare(
    `UPDATE experiment SET status = 'running', stage = @stage, started_at = coalesce(started_at, @at), changed_at = @at
     WHERE experiment = @experiment
       AND (status IN ('suggested', 'planned') OR status IN ('observed', 'running') AND stage IS NOT @stage)`,
  );
  return {
    'experiment.suggested': ({ at, data: { experiment, number, ask, suggestion } }) => {
      const predicted = suggestion.predicted === undefined ? null : canonical(suggestion.predicted);
      const point = canonical(suggestion.point);
      insert.run(experiment, number, ask, point, predicted, suggestion.acquisition ?? null, suggestion.reason, at, at);
    },
    'experiment.planned': (event) => changed(event, plan.run(event.at, event.at, event.data.experiment).changes),
    'command.intended': ({ at, data: { command } }) =>
      void run.run({ at, stage: command.stage, experiment: command.experiment }),
  };
}

function middles(db: Connection): Handlers {
  const sql = 'SELECT observations FROM experiment WHERE experiment = ?';
  const observations = value(db, 'experiment.observations', sql, json(Observations));
  const observe = db.prepare(
    `UPDATE experiment SET status = 'observed', stage = ?, observations = ?, changed_at = ?
     WHERE experiment = ? AND ended_at IS NULL`,
  );
  const hold = db.prepare(
    `UPDATE experiment SET status = 'held', reason = ?, changed_at = ? WHERE experiment = ? AND ended_at IS NULL`,
  );
  return {
    'experiment.observed': (event) => {
      const { experiment, stage, observations: found } = event.data;
      const before = observations.get(experiment);
      invariant(before !== undefined, `${event.type} of the unknown experiment ${experiment}`);
      const all = { ...before, [stage]: found };
      changed(event, observe.run(stage, canonical(all), event.at, experiment).changes);
    },
    'experiment.held': (event) => changed(event, hold.run(event.data.reason, event.at, event.data.experiment).changes),
    ...resumptions(db),
  };
}

function resumptions(db: Connection): Handlers {
  const sql = 'SELECT parameters FROM experiment WHERE experiment = ?';
  const parameters = value(db, 'experiment.parameters', sql, json(PointRecord));
  const resume = db.prepare(
    `UPDATE experiment SET status = 'running', reason = NULL, parameters = ?, predicted = coalesce(?, predicted),
       changed_at = ? WHERE experiment = ? AND ended_at IS NULL`,
  );
  return {
    'experiment.resumed': (event) => {
      const { experiment, suggestion } = event.data;
      const point = { ...parameters.get(experiment), ...suggestion.point };
      const predicted = suggestion.predicted === undefined ? null : canonical(suggestion.predicted);
      changed(event, resume.run(canonical(point), predicted, event.at, experiment).changes);
    },
  };
}

function endings(db: Connection): Handlers {
  const end = db.prepare(
    `UPDATE experiment SET status = ?, reason = ?, retryable = ?, objectives = ?, predicted = coalesce(?, predicted),
       indeterminate_key = NULL, ended_at = ?, changed_at = ? WHERE experiment = ? AND ended_at IS NULL`,
  );
  type Ending = EventOf<Extract<EventType, `experiment.${'completed' | 'dropped' | 'failed' | 'lost' | 'cancelled'}`>>;
  const to = (status: Status) => (event: Ending) => {
    const { data, at } = event;
    const reason = 'reason' in data ? data.reason : 'late' in data ? data.late : null;
    const retryable = 'retryable' in data ? Number(data.retryable) : null;
    const objectives = 'objectives' in data ? canonical(data.objectives) : null;
    const predicted = 'predicted' in data && data.predicted !== undefined ? canonical(data.predicted) : null;
    changed(event, end.run(status, reason, retryable, objectives, predicted, at, at, data.experiment).changes);
  };
  return {
    'experiment.completed': to('completed'),
    'experiment.dropped': to('dropped'),
    'experiment.failed': to('failed'),
    'experiment.lost': to('lost'),
    'experiment.cancelled': to('cancelled'),
  };
}

function doubts(db: Connection): Handlers {
  const doubt = db.prepare(
    `UPDATE experiment SET status = 'indeterminate', reason = ?, indeterminate_key = ?, changed_at = ?
     WHERE experiment = ? AND ended_at IS NULL`,
  );
  const settle = db.prepare(
    `UPDATE experiment SET status = 'running', indeterminate_key = NULL, reason = ?, changed_at = ?
     WHERE experiment = ? AND ended_at IS NULL`,
  );
  const note = db.prepare(`UPDATE experiment SET reason = ?, changed_at = ? WHERE experiment = ? AND ended_at IS NULL`);
  // Comes after the experiment has ended, too: a failed sample may stand in the way for long.
  const clear = db.prepare('UPDATE experiment SET cleared_at = ? WHERE experiment = ?');
  return {
    'experiment.became_indeterminate': (event) => {
      const { reason, key, experiment } = event.data;
      changed(event, doubt.run(reason, key, event.at, experiment).changes);
    },
    'experiment.late': (event) => {
      const { reason, then, experiment } = event.data;
      const asked = then === 'ask' ? doubt.run(reason, null, event.at, experiment) : undefined;
      changed(event, (asked ?? note.run(reason, event.at, experiment)).changes);
    },
    'experiment.resolved': (event) =>
      changed(event, settle.run(event.data.reason, event.at, event.data.experiment).changes),
    'experiment.cleared': (event) => changed(event, clear.run(event.at, event.data.experiment).changes),
  };
}

function changed(event: { type: EventType; data: { experiment: string } }, changes: number): void {
  invariant(changes === 1, `${event.type} of ${event.data.experiment}, which is unknown or has ended`);
}

const Prediction = z.record(z.string(), z.object({ mean: z.number(), sd: z.number() }));
const Values = z.record(z.string(), z.number());
const Observations = z.record(z.string(), Values);

const shape = {
  experiment: checked(ExperimentId),
  number,
  ask: number,
  parameters: json(PointRecord),
  predicted: maybe(json(Prediction)),
  acquisition: maybe(number),
  /** Why this point was suggested. */
  why: text,
  status: checked(Status),
  /** The stage it is in or was in last. */
  stage: maybe(text),
  reason: maybe(text),
  retryable: maybe(flag),
  /** The command that a person has to decide on. */
  indeterminateKey: maybe(checked(CommandKey)),
  /** Stage to name to value. */
  observations: json(Observations),
  objectives: maybe(json(Values)),
  suggestedAt: number,
  plannedAt: maybe(number),
  startedAt: maybe(number),
  endedAt: maybe(number),
  /** When its sample had left all devices. */
  clearedAt: maybe(number),
  changedAt: number,
};
export type ExperimentRow = RowOf<typeof shape>;

/** What the optimizer learns from: a finished experiment, in the order of their numbers. */
export interface ObservationRow {
  readonly experiment: ExperimentId;
  readonly number: number;
  readonly parameters: Readonly<Record<string, number | string>>;
  readonly status: 'completed' | 'failed';
  /** In the objectives' own units; empty when it failed. */
  readonly objectives: Readonly<Record<string, number>>;
}

/** Reads of experiments. Times are lab ms. */
export function experimentReads(db: Connection) {
  const select = `SELECT experiment, number, ask, parameters, predicted, acquisition, why, status, stage, reason, retryable,
    indeterminate_key AS indeterminateKey, observations, objectives, suggested_at AS suggestedAt, planned_at AS plannedAt,
    started_at AS startedAt, ended_at AS endedAt, cleared_at AS clearedAt,
    changed_at AS changedAt FROM experiment`;
  const all = query(db, 'experiment', `${select} ORDER BY number, experiment`, shape);
  const one = query(db, 'experiment', `${select} WHERE experiment = ?`, shape);
  const ended = query(
    db,
    'experiment',
    `${select} WHERE status IN ('completed', 'failed') ORDER BY number, experiment`,
    shape,
  );
  return {
    experiments: (): ExperimentRow[] => all.all(),
    experiment: (id: string): ExperimentRow | undefined => one.get(id),
    /** With names, only those objectives, and no completed experiment that lacks one of them. */
    observationsFor: (names?: readonly string[]): ObservationRow[] =>
      ended
        .all()
        .map((row) => observation(row, names))
        .filter(
          (row) => row.status === 'failed' || names === undefined || names.every((name) => name in row.objectives),
        ),
  };
}

function observation(
  { experiment, number, parameters, status, objectives = {} }: ExperimentRow,
  names?: readonly string[],
) {
  const wanted = Object.entries(objectives).filter(([name]) => names === undefined || names.includes(name));
  return {
    experiment,
    number,
    parameters,
    status: status === 'failed' ? ('failed' as const) : ('completed' as const),
    objectives: Object.fromEntries(wanted),
  };
}
