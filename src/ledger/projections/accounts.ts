import * as z from 'zod';
import { invariant } from '../../base/invariant.ts';
import { Amount, type EventOf, type EventType } from '../../domain/event.ts';
import { checked, json, query, text, value } from '../rows.ts';
import type { Connection } from '../sqlite.ts';
import { bookTables, Measure, openBooks, type PostingKind, type Voucher } from './books.ts';
import type { Handlers, Projection } from './projection.ts';
import { openSamples, sampleTables } from './samples.ts';
import { openStock, stockTables } from './stock.ts';

/**
 * Material accounts, double entry: supplier -> lot -> reserved -> sample -> product or waste.
 *
 * - What a command is to use up is noted with it (`command.consumes`) and moves nothing.
 * - A command that ended well moves what the device measured or, when it does not know, what was ordered. One that failed
 *   or was cancelled moves what the device measured and nothing otherwise.
 * - More than was reserved comes out of the lot.
 * - While a command is indeterminate nothing moves. A person's word decides: `happened` moves what was ordered, `discard`
 *   moves it and the whole sample on to waste, `not_happened` moves nothing.
 * - A device that comes back later and knows what happened, or says that it did nothing (a refusal), is believed over the
 *   person: what was moved for the command is taken back and its own figures are booked, even after the experiment has
 *   ended.
 */
export const accountsProjection: Projection = {
  schema: `${bookTables}${stockTables}${sampleTables}
CREATE TABLE booking (key TEXT PRIMARY KEY, state TEXT NOT NULL) STRICT, WITHOUT ROWID;`,
  handlers(db) {
    const books = openBooks(db);
    const stock = openStock(db, books);
    const samples = openSamples(db, books, stock);
    const to = (fate: 'product' | 'waste') => (event: EventOf<Ending>) =>
      samples.end(event, event.data.experiment, fate);
    return {
      'campaign.opened': ({ data }) => {
        const { lab } = MeasuredLab.parse(data.definition);
        for (const [material, { measure }] of Object.entries(lab.materials)) books.measure(material, measure);
      },
      'lot.registered': stock.register,
      'experiment.planned': stock.reserve,
      'experiment.provided': stock.reserve,
      'experiment.completed': to('product'),
      'experiment.dropped': to('waste'),
      'experiment.failed': to('waste'),
      'experiment.lost': to('waste'),
      'experiment.cancelled': to('waste'),
      ...commandHandlers(db, samples),
    };
  },
};

type Ending = Extract<EventType, `experiment.${'completed' | 'dropped' | 'failed' | 'lost' | 'cancelled'}`>;

/** The part of a definition that the books need. */
const MeasuredLab = z.object({
  lab: z.object({ materials: z.record(z.string(), z.object({ measure: Measure })).default({}) }),
});

/** settled: booked for good; indeterminate: nobody knows; resolved: a person has decided. */
const states = ['indeterminate', 'resolved', 'settled'] as const;

function commandHandlers(db: Connection, samples: ReturnType<typeof openSamples>): Handlers {
  const sql = 'SELECT key, experiment, consumes FROM command WHERE key = ?';
  const intended = query(db, 'command', sql, { key: text, experiment: text, consumes: json(z.array(Amount)) });
  const stateOf = value(db, 'booking.state', 'SELECT state FROM booking WHERE key = ?', checked(z.enum(states)));
  const setState = db.prepare(
    'INSERT INTO booking (key, state) VALUES (?, ?) ON CONFLICT DO UPDATE SET state = excluded.state',
  );
  const find = (key: string) => {
    const row = intended.get(key);
    invariant(row !== undefined, `the command ${key} was never intended`);
    return row;
  };
  /** The device has the last word: what was booked on anybody else's is taken back first. */
  const believe = (event: Voucher, taker: ReturnType<typeof find>, amounts: readonly Amount[], kind: PostingKind) => {
    if (stateOf.get(taker.key) === 'resolved') samples.takeBack(event, taker);
    samples.draw(event, taker, amounts, kind);
    setState.run(taker.key, 'settled');
  };
  return {
    'command.refused': (event) => {
      const command = find(event.data.key);
      if (stateOf.get(command.key) !== 'settled') believe(event, command, [], 'measured');
    },
    'command.ended': (event) => {
      const { key, outcome, consumed, source } = event.data;
      const command = find(key);
      const before = stateOf.get(key);
      if (before === 'settled') return;
      if (outcome === 'indeterminate') {
        if (before === undefined) setState.run(key, 'indeterminate');
        return;
      }
      // What a person decided stands until the device itself comes back.
      if (before === 'resolved' && source !== 'device') return;
      const amounts = consumed ?? (outcome === 'ok' ? command.consumes : []);
      believe(event, command, amounts, consumed === undefined ? 'commanded' : 'measured');
    },
    'command.resolved': (event) => {
      const { key, as } = event.data;
      if (stateOf.get(key) !== 'indeterminate') return;
      const command = find(key);
      if (as !== 'not_happened') samples.draw(event, command, command.consumes, 'commanded');
      if (as === 'discard') samples.discard(event, command.experiment);
      setState.run(key, 'resolved');
    },
  };
}
