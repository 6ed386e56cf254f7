import * as z from 'zod';
import { quantity } from '../src/domain/quantity.ts';
import { deviceKind, identity, inUnit, SampleId, schemaOf, setting, simulated } from './kind.ts';

/**
 * Turns a plate so fast that what was poured on it runs off to a thin film, then dries the film under a lamp in its lid, so
 * that it can be carried. Speeds and acceleration are those of a bench-top coater for plates of some centimetres.
 */
const Options = z
  .strictObject({
    min_speed: quantity('rad/s', { positive: true }).prefault('300 rpm'),
    max_speed: quantity('rad/s', { positive: true }).prefault('8000 rpm'),
    /** Time that any coat takes: centring, vacuum on and off, acceleration. */
    overhead: setting('s', '40 s'),
    /** Under the lamp, after it has stopped. */
    drying: setting('s', '90 s'),
    idle_power: setting('W', '12 W'),
    /** Motor, vacuum pump and lamp while it works. */
    active_power: setting('W', '240 W'),
    simulated,
  })
  .refine((o) => o.min_speed < o.max_speed, {
    message: 'its lowest speed must be below its highest.',
    path: ['min_speed'],
  });

export const spinCoater = deviceKind('spin-coater', Options, (id, options) => {
  const typical = `${inUnit(options.overhead + options.drying, 's')} + time`;
  return {
    ...identity(id, 'spin-coater'),
    capabilities: [
      {
        name: 'spin_coat',
        parameters: schemaOf(
          z.strictObject({
            sample: SampleId,
            speed: z.number().min(inUnit(options.min_speed, 'rpm')).max(inUnit(options.max_speed, 'rpm')),
            /** At full speed; a film that is still wet when it stops would run together. */
            time: z.number().min(10).max(600),
          }),
        ),
        result: schemaOf(z.strictObject({ speed: z.number() })),
        units: { speed: 'rpm', time: 's' },
        duration: { low: `= 0.95 * (${typical})`, typical: `= ${typical}`, high: `= 1.1 * (${typical})` },
        retry: 'unsafe',
        interruptible: false,
        consumes: [],
      },
    ],
    meters: [],
    power: { idle_watt: options.idle_power, active_watt: options.active_power },
    onControllerLost: 'finish',
  };
});
