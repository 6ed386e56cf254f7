import * as z from 'zod';
import { quantity } from '../src/domain/quantity.ts';
import { deviceKind, identity, inUnit, SampleId, schemaOf, setting, simulated } from './kind.ts';

/**
 * Sets four needles in a row on a film, drives a current through the outer two and measures the voltage between the inner
 * two: the sheet resistance is pi / ln 2 times their ratio where the film is much wider than the row (Smits 1958).
 */
const Options = z.strictObject({
  /** What it shows when hardly any current flows. */
  max_resistance: quantity('Ohm', { positive: true }).prefault('10 MOhm'),
  /** All places on the film that it takes the mean of. */
  duration: setting('s', '75 s'),
  idle_power: setting('W', '8 W'),
  active_power: setting('W', '25 W'),
  simulated,
});

export const fourPointProbe = deviceKind('four-point-probe', Options, (id, options) => {
  const typical = inUnit(options.duration, 's');
  return {
    ...identity(id, 'four-point-probe'),
    capabilities: [
      {
        name: 'measure_sheet_resistance',
        parameters: schemaOf(z.strictObject({ sample: SampleId })),
        result: schemaOf(z.strictObject({ sheet_resistance: z.number() })),
        /** Per square, which has no unit. */
        units: { sheet_resistance: 'Ohm' },
        duration: { low: 0.9 * typical, typical, high: 1.15 * typical },
        retry: 'safe',
        interruptible: true,
        consumes: [],
      },
    ],
    meters: [],
    power: { idle_watt: options.idle_power, active_watt: options.active_power },
    onControllerLost: 'finish',
  };
});
