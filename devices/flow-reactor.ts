import * as z from 'zod';
import { deviceKind, identity, inUnit, meter, schemaOf, setting, simulated } from './kind.ts';

/**
 * A heated coil fed by three pumps, with an analyser behind it. It is flushed with the new mixture before the analyser
 * looks, so that one experiment pumps `volumes` reactor volumes whatever the residence time.
 */
const Options = z.strictObject({
  reactor_volume: setting('m3', '5 mL'),
  /** Reactor volumes pumped per experiment: two to flush, one to analyse. */
  volumes: z.number().min(1).max(20).default(3),
  /** Materials of the three pumps; the first two have a `concentration` in their properties. */
  substrate: z.string().default('dfnb'),
  nucleophile: z.string().default('pyrrolidine'),
  solvent: z.string().default('ethanol'),
  overhead: setting('s', '120 s'),
  /** Time per kelvin to heat or cool the coil. */
  settling: setting('s/K', '1 s/K'),
  idle_power: setting('W', '25 W'),
  pump_power: setting('W', '60 W'),
  /** Heat that the coil loses to the room. */
  loss: setting('W/K', '1.5 W/K'),
  simulated,
});

const concentrations = ['difluoronitrobenzene', 'pyrrolidine', 'ortho', 'para', 'bis'] as const;
const number = z.number();

export const flowReactor = deviceKind('flow-reactor', Options, (id, options) => {
  const pumped = `60 * residence_time * ${options.volumes}`;
  const typical = `${options.overhead} + ${options.settling} * abs(temperature - 25) + ${pumped}`;
  return {
    ...identity(id, 'flow-reactor'),
    capabilities: [
      {
        name: 'run_snar',
        parameters: schemaOf(
          z.strictObject({
            residence_time: number.min(0.5).max(2),
            equivalents: number.min(1).max(5),
            concentration: number.min(0.1).max(0.5),
            temperature: number.min(30).max(120),
            /** What each pump delivers; it must fit the conditions. */
            feeds: z.record(z.string(), number.min(0).max(inUnit(options.reactor_volume, 'mL') * options.volumes)),
          }),
        ),
        result: schemaOf(
          z.strictObject({
            ...Object.fromEntries(concentrations.map((name) => [name, number])),
            sty: number,
            e_factor: number,
          }),
        ),
        units: {
          residence_time: 'min',
          equivalents: '1',
          concentration: 'mol/L',
          temperature: 'Cel',
          feeds: 'mL',
          ...Object.fromEntries(concentrations.map((name) => [name, 'mol/L'])),
          sty: 'kg/m3/h',
          e_factor: '1',
        },
        duration: { low: `= 0.95 * (${typical})`, typical: `= ${typical}`, high: `= 1.1 * (${typical})` },
        retry: 'safe',
        interruptible: true,
        consumes: [{ parameter: 'feeds' }],
      },
    ],
    meters: [meter('mains', 'Wh', 0.1)],
    onControllerLost: 'finish',
  };
});
