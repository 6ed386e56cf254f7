import { invariant } from '../../../base/invariant.ts';
import type { EventOf } from '../../../domain/event.ts';
import { maybe, number, query, text } from '../../rows.ts';
import type { Connection } from '../../sqlite.ts';
import type { Handlers, Projection } from '../projection.ts';
import { energyActivity, type Activity } from './activity.ts';
import { energyBookings, energyRates, energyWeights, type EnergyRates } from './bookings.ts';
import { energyMeters, type Meters } from './meters.ts';
import { powerModel, type PowerModel } from './power-model.ts';
import { energyTables } from './tables.ts';

/**
 * Energy accounts. Applied before the commands' own projection, so that `command` still tells how a command stood before
 * the event.
 */
export const energyProjection: Projection = {
  schema: energyTables,
  handlers(db) {
    const rates = energyRates(db);
    const bookings = energyBookings(db, rates);
    const weights = energyWeights(db, bookings);
    const activity = energyActivity(db, weights);
    const meters = energyMeters(db, weights, bookings, activity);
    const power = powerModel(db, weights, bookings, activity);
    const desk: Desk = { activity, meters, power, rates, command: commandFinder(db) };
    const opening: Handlers = { 'campaign.opened': ({ data }) => rates.set(data.definition.lab) };
    return { ...opening, ...deviceHandlers(desk), ...commandHandlers(desk), ...clockHandlers(desk) };
  },
};

interface Desk {
  readonly activity: Activity;
  readonly meters: Meters;
  readonly power: PowerModel;
  readonly rates: EnergyRates;
  readonly command: ReturnType<typeof commandFinder>;
}

function commandFinder(db: Connection) {
  const find = query(
    db,
    'command',
    `SELECT key, device, experiment, batch, kind, to_place AS toPlace, coalesce(at_place, device) AS place,
       intended_at AS intendedAt, state, outcome FROM command WHERE key = ?`,
    {
      ...{
        key: text,
        device: text,
        experiment: text,
        batch: maybe(text),
        kind: text,
        toPlace: maybe(text),
        place: text,
      },
      ...{ intendedAt: number, state: text, outcome: maybe(text) },
    },
  );
  return (key: string) => {
    const row = find.get(key);
    invariant(row !== undefined, `the command ${key} was never intended`);
    return row;
  };
}

function deviceHandlers({ activity, meters, power }: Desk): Handlers {
  return {
    'device.announced': ({ at, data: { device, descriptor } }) => {
      activity.knownUntil(device, at);
      power.setWatts(device, descriptor.power?.active_watt, descriptor.power?.idle_watt, at);
      for (const { id } of descriptor.meters) meters.ensure(device, id);
      if (descriptor.meters.length > 0) power.giveUp(device, at);
      else if (descriptor.power !== undefined) power.takeOver(device);
    },
    'meter.read': ({ at, data }) => {
      activity.knownUntil(data.device, at);
      power.giveUp(data.device, at);
      meters.read(data, at);
    },
  };
}

function commandHandlers({ activity, meters, power, rates, command }: Desk): Handlers {
  const begin = (key: string, at: number): void => {
    const found = command(key);
    // What it drew at rest before cost what energy cost then.
    if (rates.current().vary) power.settleIdle(found.device, at);
    activity.begin(found.device, at, found);
    if (found.kind === 'process') activity.place(found.experiment, found.place, at);
  };
  const end = ({ at, data }: EventOf<'command.ended'>): void => {
    const before = command(data.key);
    const { device, key, experiment } = before;
    if (before.outcome !== undefined && before.outcome !== 'indeterminate') return;
    const since = activity.knownUntil(device, at);
    const within = (time: number | undefined) => Math.min(at, Math.max(since, time ?? at));
    // Its acknowledgement was lost; the result alone tells that it ran.
    if (before.state === 'intended' && data.startedAt !== undefined) begin(key, within(data.startedAt));
    const until = within(data.endedAt);
    activity.advance(device, until);
    for (const span of data.meters) meters.span(device, { key, experiment }, span, until);
    power.settleCommand(device, key, experiment, ownDuration(data, at - before.intendedAt), until);
    activity.end(device, key);
    if (data.outcome === 'ok' && before.kind === 'move') activity.place(experiment, before.toPlace, at);
  };
  return {
    'command.accepted': ({ at, data: { key } }) => {
      if (command(key).state === 'intended') begin(key, at);
    },
    'command.ended': end,
    'command.refused': ({ at, data: { key } }) => {
      const { device } = command(key);
      activity.advance(device, at);
      activity.end(device, key);
    },
    'command.resolved': ({ at, data: { key, as } }) => {
      const { kind, experiment, toPlace } = command(key);
      if (as === 'happened' && kind === 'move') activity.place(experiment, toPlace, at);
    },
    'experiment.cleared': ({ at, data }) => activity.place(data.experiment, undefined, at),
  };
}

/** ms by the device's own clock, which need not agree with ours; never longer than since the intention. */
function ownDuration({ startedAt, endedAt }: EventOf<'command.ended'>['data'], longest: number): number | undefined {
  if (startedAt === undefined || endedAt === undefined) return undefined;
  return Math.min(longest, Math.max(0, endedAt - startedAt));
}

function clockHandlers({ power }: Desk): Handlers {
  return {
    // Between the last event of one controller and the start of the next nobody knows what the devices did.
    'controller.started': ({ at }, previousAt) => power.pause(Math.min(previousAt, at), at),
    'campaign.finished': ({ at }) => power.pause(at, at),
  };
}
