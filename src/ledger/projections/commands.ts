import { canonical } from '../../base/canonical.ts';
import { invariant } from '../../base/invariant.ts';
import type { Command } from '../../domain/event.ts';
import type { Connection } from '../sqlite.ts';
import type { Handlers, Projection } from './projection.ts';

/**
 * The life of every command, which is also what a Gantt chart is drawn from.
 *
 * A result is final unless it is `indeterminate`. A later result or refusal of the same key takes the place of an
 * indeterminate one, whether or not a person has decided on it meanwhile: what the device says in the end is the truth.
 * A person also decides on moves that have failed, because nobody knows where they left the sample.
 */
export const commandsProjection: Projection = {
  schema: `
CREATE TABLE command (
  key TEXT PRIMARY KEY, seq INTEGER NOT NULL, hash TEXT NOT NULL, experiment TEXT NOT NULL, stage TEXT NOT NULL,
  step TEXT NOT NULL, attempt INTEGER NOT NULL, kind TEXT NOT NULL, device TEXT NOT NULL, capability TEXT NOT NULL,
  parameters TEXT NOT NULL, from_place TEXT, to_place TEXT, at_place TEXT, batch TEXT, consumes TEXT NOT NULL,
  low REAL NOT NULL, typical REAL NOT NULL, high REAL NOT NULL, ttl REAL NOT NULL, deadline REAL NOT NULL,
  state TEXT NOT NULL, overdue INTEGER NOT NULL DEFAULT 0, boot TEXT, intended_at INTEGER NOT NULL, accepted_at INTEGER,
  ended_at INTEGER, device_started_at REAL, device_ended_at REAL, outcome TEXT, source TEXT, code TEXT, message TEXT,
  result TEXT, consumed TEXT, resolution TEXT, resolved_by TEXT, resolved_at INTEGER
) STRICT;
CREATE INDEX command_experiment ON command (experiment, seq);
CREATE INDEX command_device ON command (device, seq);
CREATE INDEX command_open ON command (device, seq) WHERE ended_at IS NULL;`,
  handlers: (db) => ({ ...intention(db), ...answers(db), ...results(db) }),
};

function intention(db: Connection): Handlers {
  const insert = db.prepare(
    `INSERT INTO command (key, seq, hash, experiment, stage, step, attempt, kind, device, capability, parameters, from_place,
       to_place, at_place, batch, consumes, low, typical, high, ttl, deadline, state, intended_at)
     VALUES (@key, @seq, @hash, @experiment, @stage, @step, @attempt, @kind, @device, @capability, @parameters, @from, @to,
       @place, @batch, @consumes, @low, @typical, @high, @ttl, @deadline, 'intended', @at)`,
  );
  return { 'command.intended': ({ seq, at, data }) => void insert.run({ ...columns(data.command), seq, at }) };
}

function columns(command: Command) {
  const { key, hash, experiment, stage, step, attempt, kind, device, capability, ttl, deadline } = command;
  return {
    ...{ key, hash, experiment, stage, step, attempt, kind, device, capability, ttl, deadline, ...command.expected },
    from: command.from ?? null,
    to: command.to ?? null,
    place: command.at ?? null,
    batch: command.batch ?? null,
    parameters: canonical(command.parameters),
    consumes: canonical(command.consumes),
  };
}

function answers(db: Connection): Handlers {
  const accept = db.prepare(
    `UPDATE command SET state = iif(state = 'intended', 'accepted', state), boot = ?,
       accepted_at = coalesce(accepted_at, ?) WHERE key = ?`,
  );
  const refuse = db.prepare(
    `UPDATE command SET state = 'refused', code = ?, message = ?, ended_at = ?, outcome = NULL, source = NULL
     WHERE key = ? AND (outcome IS NULL OR outcome = 'indeterminate')`,
  );
  const overdue = db.prepare('UPDATE command SET overdue = 1 WHERE key = ?');
  return {
    'command.accepted': ({ at, data }) => known(data.key, accept.run(data.boot, at, data.key).changes),
    'command.refused': ({ at, data }) => void refuse.run(data.code, data.message, at, data.key),
    'command.overdue': ({ data }) => known(data.key, overdue.run(data.key).changes),
  };
}

function results(db: Connection): Handlers {
  const end = db.prepare(
    `UPDATE command SET state = 'ended', ended_at = @at, device_started_at = @startedAt, device_ended_at = @endedAt,
       outcome = @outcome, source = @source, code = @code, message = @message, result = @result, consumed = @consumed
     WHERE key = @key AND (outcome IS NULL OR outcome = 'indeterminate' AND @outcome <> 'indeterminate')`,
  );
  const resolve = db.prepare(
    `UPDATE command SET state = 'resolved', resolution = ?, resolved_by = ?, resolved_at = ?
     WHERE key = ? AND outcome <> 'ok'`,
  );
  return {
    'command.ended': ({ at, data }) =>
      void end.run({
        key: data.key,
        at,
        startedAt: data.startedAt ?? null,
        endedAt: data.endedAt ?? null,
        outcome: data.outcome,
        source: data.source,
        code: data.error?.code ?? null,
        message: data.error?.message ?? null,
        result: data.result === undefined ? null : canonical(data.result),
        consumed: data.consumed === undefined ? null : canonical(data.consumed),
      }),
    'command.resolved': ({ at, data }) => void resolve.run(data.as, data.by, at, data.key),
  };
}

function known(key: string, changes: number): void {
  invariant(changes === 1, `the command ${key} was never intended`);
}
