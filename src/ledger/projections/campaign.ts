import * as z from 'zod';
import { invariant } from '../../base/invariant.ts';
import type { EventOf, EventType } from '../../domain/event.ts';
import { CampaignId } from '../../domain/ids.ts';
import { checked, maybe, number, query, text, value, type RowOf } from '../rows.ts';
import type { Connection } from '../sqlite.ts';
import type { Handlers, Projection } from './projection.ts';

export const campaignStatuses = ['running', 'paused', 'stopping', 'aborted', 'halted', 'finished'] as const;

/** One row for the campaign, one for each controller that ran it. */
export const campaignProjection: Projection = {
  schema: `
CREATE TABLE campaign (
  campaign TEXT PRIMARY KEY, opened_seq INTEGER NOT NULL, opened_at INTEGER NOT NULL, status TEXT NOT NULL,
  changed_at INTEGER NOT NULL, actor TEXT, reason TEXT, outcome TEXT, finished_at INTEGER,
  asked INTEGER NOT NULL DEFAULT 0, answered INTEGER NOT NULL DEFAULT 0, cpu_seconds REAL NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE controller (
  controller TEXT PRIMARY KEY, instance TEXT NOT NULL, epoch INTEGER NOT NULL, software TEXT NOT NULL,
  started_at INTEGER NOT NULL, starts INTEGER NOT NULL
) STRICT;`,
  handlers: (db) => ({ ...lifeCycle(db), ...asking(db), ...controllers(db) }),
};

function lifeCycle(db: Connection): Handlers {
  const count = value(db, 'campaign', 'SELECT count(*) FROM campaign', number);
  const open = db.prepare(
    `INSERT INTO campaign (campaign, opened_seq, opened_at, status, changed_at) VALUES (?, ?, ?, 'running', ?)`,
  );
  const change = db.prepare('UPDATE campaign SET status = ?, actor = ?, reason = ?, changed_at = ?');
  const finish = db.prepare(
    `UPDATE campaign SET status = 'finished', outcome = ?, reason = ?, finished_at = ?, changed_at = ?`,
  );
  const note = db.prepare('UPDATE campaign SET actor = ?, changed_at = ?');
  type Ordered = EventOf<Extract<EventType, `campaign.${'paused' | 'resumed' | 'stopping' | 'aborted' | 'halted'}`>>;
  const to = (status: (typeof campaignStatuses)[number]) => (event: Ordered) => {
    const reason = 'reason' in event.data ? event.data.reason : null;
    const { changes } = change.run(status, event.data.by, reason, event.at);
    invariant(changes === 1, `${event.type} before a campaign was opened`);
  };
  return {
    'campaign.opened': ({ seq, at, data }) => {
      invariant(count.get() === 0, 'a ledger holds one campaign');
      open.run(data.campaign, seq, at, at);
    },
    'campaign.changed': ({ at, data }) => void note.run(data.by, at),
    'campaign.paused': to('paused'),
    'campaign.resumed': to('running'),
    'campaign.stopping': to('stopping'),
    'campaign.aborted': to('aborted'),
    'campaign.halted': to('halted'),
    'campaign.finished': ({ at, data }) => void finish.run(data.outcome, data.reason, at, at),
  };
}

function asking(db: Connection): Handlers {
  const asked = db.prepare('UPDATE campaign SET asked = ?');
  const answered = db.prepare('UPDATE campaign SET answered = ?, cpu_seconds = cpu_seconds + ?');
  return {
    'suggestions.requested': ({ data }) => void asked.run(data.ask),
    'suggestions.received': ({ data }) => void answered.run(data.ask, data.cpuSeconds ?? 0),
    'suggestions.refused': ({ data }) => void answered.run(data.ask, 0),
  };
}

function controllers(db: Connection): Handlers {
  const start = db.prepare(
    `INSERT INTO controller (controller, instance, epoch, software, started_at, starts) VALUES (?, ?, ?, ?, ?, 1)
     ON CONFLICT DO UPDATE SET instance = excluded.instance, epoch = excluded.epoch, software = excluded.software,
       started_at = excluded.started_at, starts = starts + 1`,
  );
  return {
    'controller.started': ({ at, data }) =>
      void start.run(data.controller, data.instance, data.epoch, data.software, at),
  };
}

const shape = {
  campaign: checked(CampaignId),
  openedSeq: number,
  openedAt: number,
  status: checked(z.enum(campaignStatuses)),
  changedAt: number,
  /** Who gave the last order. */
  by: maybe(text),
  reason: maybe(text),
  outcome: maybe(checked(z.enum(['completed', 'stopped', 'aborted', 'halted']))),
  finishedAt: maybe(number),
  /** Number of the last ask, and of the last that was answered. */
  asked: number,
  answered: number,
  cpuSeconds: number,
};
export type CampaignRow = RowOf<typeof shape>;

/** Reads of the campaign. Times are lab ms. */
export function campaignReads(db: Connection) {
  const campaign = query(
    db,
    'campaign',
    `SELECT campaign, opened_seq AS openedSeq, opened_at AS openedAt, status, changed_at AS changedAt, actor AS "by",
       reason, outcome, finished_at AS finishedAt, asked, answered, cpu_seconds AS cpuSeconds FROM campaign`,
    shape,
  );
  const epoch = value(db, 'controller.epoch', 'SELECT coalesce(max(epoch), 0) FROM controller', number);
  return {
    campaign: (): CampaignRow | undefined => campaign.get(),
    /** The highest epoch that a controller of this ledger has had; 0 before the first. */
    epoch: (): number => epoch.get() ?? 0,
  };
}
