import * as z from 'zod';
import { fromSi, quantity } from '../src/domain/quantity.ts';
import {
  deviceKind,
  identity,
  inUnit,
  meter,
  SampleId,
  schemaOf,
  setting,
  simulated,
  temperatureSetting,
} from './kind.ts';

/** W/m2/K4, Stefan-Boltzmann constant (CODATA 2018). */
export const stefanBoltzmann = 5.670374419e-8;

/**
 * A small annealing furnace: heats its block as fast as it can, holds it by a thermostat, then cools it with a fan to a
 * temperature at which samples can be touched. All samples of a batch go in and out together. The default block and
 * losses resemble a laboratory hot plate: 1.0 kW while heating, about 0.2 kW at 150 degC and 0.3 kW at 300 degC (measured:
 * 1021 W, 203 W and 317 W; Device Research Lab, MIT, "Experimentally measured power consumption of lab equipment").
 */
const Options = z
  .strictObject({
    max_power: setting('W', '1 kW'),
    /** Of block and samples; 2.4 kJ/K is 2.7 kg of aluminium. */
    heat_capacity: quantity('J/K', { positive: true }).prefault('2.4 kJ/K'),
    /** Heat lost per kelvin above the room, door closed; and with the fan on. */
    loss: quantity('W/K', { positive: true }).prefault('1.2 W/K'),
    fan_loss: quantity('W/K', { positive: true }).prefault('5 W/K'),
    /** Emissivity times area of what radiates to the room; 0 leaves radiation to the loss above. */
    radiating_area: setting('m2', '0 cm2'),
    max_temperature: temperatureSetting('350 degC'),
    release_temperature: temperatureSetting('60 degC'),
    room_temperature: temperatureSetting('25 degC'),
    /** The door stays open this long for all samples of a batch. */
    door: setting('s', '20 s'),
    idle_power: setting('W', '8 W'),
    fan_power: setting('W', '30 W'),
    simulated,
  })
  .refine((o) => lossAt(o, o.max_temperature) < 0.95 * o.max_power, {
    message: 'its power cannot hold its highest temperature; lower it, or raise max_power.',
    path: ['max_temperature'],
  })
  .refine((o) => o.room_temperature + 5 <= o.release_temperature && o.release_temperature < o.max_temperature, {
    message: 'samples must be released at least 5 K above the room and below the highest temperature.',
    path: ['release_temperature'],
  });
export type FurnaceOptions = z.output<typeof Options>;

interface Losses {
  readonly loss: number;
  readonly radiating_area: number;
  readonly room_temperature: number;
}

/** Watts lost at a block temperature (K): Newton's law of cooling and radiation to the room. */
export const lossAt = (o: Losses, kelvin: number): number =>
  o.loss * (kelvin - o.room_temperature) + o.radiating_area * stefanBoltzmann * (kelvin ** 4 - o.room_temperature ** 4);

export const furnace = deviceKind('furnace', Options, (id, options) => ({
  ...identity(id, 'furnace'),
  capabilities: [
    {
      name: 'anneal',
      parameters: schemaOf(
        z.strictObject({
          sample: SampleId,
          temperature: z
            .number()
            .min(inUnit(options.release_temperature, 'Cel'))
            .max(inUnit(options.max_temperature, 'Cel')),
          hold: z.number().min(0).max(86_400),
        }),
      ),
      result: schemaOf(z.strictObject({ peak: z.number(), time_at_temperature: z.number() })),
      units: { temperature: 'Cel', hold: 's', peak: 'Cel', time_at_temperature: 's' },
      duration: durationModel(options),
      retry: 'unsafe',
      interruptible: false,
      consumes: [],
    },
  ],
  meters: [meter('mains', 'Wh', 0.1)],
  onControllerLost: 'finish',
}));

/**
 * Door + heating + hold + cooling, seconds, over the parameters. With a constant loss h per kelvin above the room a block
 * of capacity C at full power P warms from T0 to T in (C / h) ln((P - h T0') / (P - h T')), ' being above the room, and
 * cools from T to T1 in (C / h) ln(T' / T1'). Radiation makes h grow with temperature: its values at the room and at T
 * bound the time. Low starts from a block that is still as warm as at the last release, typical and high from the room.
 */
function durationModel(o: FurnaceOptions) {
  const room = inUnit(o.room_temperature, 'Cel');
  const cool = o.radiating_area * stefanBoltzmann;
  const hot = `(temperature + 273.15)`;
  const atRoom = cool * 4 * o.room_temperature ** 3;
  const atTop = `${cool} * (${hot}^2 + ${o.room_temperature}^2) * (${hot} + ${o.room_temperature})`;
  const above = `(temperature - ${room})`;
  const released = fromSi(o.release_temperature, 'Cel') - room;
  const heat = (h: string, from: number) =>
    `${o.heat_capacity} / (${h}) * log((${o.max_power} - (${h}) * ${from}) / (${o.max_power} - (${h}) * ${above}))`;
  const chill = (h: string) => `${o.heat_capacity} / (${h}) * log(${above} / ${released})`;
  const mean = (base: number) => `${base} + ${atRoom / 2} + ${atTop} / 2`;
  const all = (heating: string, cooling: string) => `${o.door} + ${heating} + hold + ${cooling}`;
  return {
    low: `= 0.99 * (${all(heat(`${o.loss + atRoom}`, released), chill(`${o.fan_loss} + ${atTop}`))})`,
    typical: `= ${all(heat(mean(o.loss), 0), chill(mean(o.fan_loss)))}`,
    high: `= 1.02 * (${all(heat(`${o.loss} + ${atTop}`, 0), chill(`${o.fan_loss + atRoom}`))})`,
  };
}
