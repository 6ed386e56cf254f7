import * as z from 'zod';
import { Name } from '../src/domain/ids.ts';
import { deviceKind, identity, meter, SampleId, schemaOf, setting, simulated } from './kind.ts';

/**
 * An instrument whose truth is a table of real measurements: one row a measurement, columns for the design and for what
 * was measured. It answers with a row of the nearest measured design.
 */
const Options = z.strictObject({
  /** File with a header line; relative to the lab's own file. */
  csv: z.string().min(1),
  /** Columns of the design, their units and limits. */
  parameters: z.record(
    Name,
    z.strictObject({ unit: z.string().default('1'), min: z.number().optional(), max: z.number().optional() }),
  ),
  /** Columns that were measured, and their units. */
  results: z.record(Name, z.string()),
  /** Farthest measured design that may stand in: each column is scaled to 0..1 over the table (Euclidean distance). */
  max_distance: z.number().min(0).default(0),
  duration: setting('s', '90 s'),
  idle_power: setting('W', '15 W'),
  active_power: setting('W', '90 W'),
  simulated,
});

export const tableInstrument = deviceKind('table-instrument', Options, (id, options) => {
  const limited = Object.entries(options.parameters).map(([name, { min, max }]) => {
    const above = min === undefined ? z.number() : z.number().min(min);
    return [name, max === undefined ? above : above.max(max)] as const;
  });
  const units = Object.entries(options.parameters).map(([name, { unit }]) => [name, unit] as const);
  const results = Object.keys(options.results).map((name) => [name, z.number()] as const);
  return {
    ...identity(id, 'table-instrument'),
    capabilities: [
      {
        name: 'measure',
        parameters: schemaOf(z.strictObject({ sample: SampleId, ...Object.fromEntries(limited) })),
        result: schemaOf(z.strictObject({ ...Object.fromEntries(results), distance: z.number() })),
        units: { ...Object.fromEntries(units), ...options.results, distance: '1' },
        duration: { low: 0.9 * options.duration, typical: options.duration, high: 1.1 * options.duration },
        retry: 'safe',
        interruptible: true,
        consumes: [],
      },
    ],
    meters: [meter('mains', 'Wh', 0.1)],
    onControllerLost: 'finish',
  };
});
