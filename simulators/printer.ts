import * as z from 'zod';
import { printer } from '../devices/printer.ts';
import { present } from '../src/base/invariant.ts';
import { capabilityOf } from '../src/domain/descriptor.ts';
import type { Amount } from '../src/domain/event.ts';
import { MaterialId } from '../src/domain/ids.ts';
import { fromSi, toSi } from '../src/domain/quantity.ts';
import { drawSeconds, trouble, type Instrument, type Surroundings } from './instrument.ts';

/** Relative standard deviations of the extruder, and of the scale under the spool. */
export const PrinterErrors = z.strictObject({
  extruder: z.number().min(0).default(0.01),
  scale: z.number().min(0).default(0.002),
});

const layers = 8;

/** Filament leaves the spool evenly: m_true = m (1 + N(0, extruder^2)); the scale reads m_true (1 + N(0, scale^2)). */
export function simulatePrinter(place: Surroundings): Instrument {
  const options = printer.read(place.id, place.device.options);
  const errors = PrinterErrors.parse(options.simulated);
  const capability = present(capabilityOf(place.descriptor, 'print'), 'the capability print');
  return {
    idleWatt: options.idle_power,
    begin(command, act) {
      const sample = String(command.parameters['sample']);
      const spools = Object.entries(command.parameters['filament'] as Record<string, number>)
        .filter(([, grams]) => grams > 0)
        .map(([material, grams]) => ({
          material,
          wanted: toSi(grams, 'g'),
          factor: 1 + errors.extruder * act.random.normal(),
        }));
      const empty = spools.find(({ material, wanted }) => place.world.leftOf(material) < wanted);
      if (empty !== undefined) return trouble('E_EMPTY', `There is not enough ${empty.material} left on its spool.`);
      const weighed = new Map<string, number>();
      const layDown = () => {
        for (const { material, wanted, factor } of spools) {
          const amount = (wanted * Math.max(0, factor)) / layers;
          const reported = Math.max(0, amount * (1 + errors.scale * act.random.normal()));
          act.record({ kind: 'poured', sample, material, amount, reported });
          weighed.set(material, (weighed.get(material) ?? 0) + reported);
        }
      };
      const consumed = (): Amount[] =>
        [...weighed].map(([material, amount]) => ({
          material: MaterialId.parse(material),
          amount,
          uncertainty: errors.scale * amount,
        }));
      return {
        phases: [{ seconds: drawSeconds(capability, command, act.random), watt: options.active_power }],
        events: Array.from({ length: layers - 1 }, (_, i) => ({ at: (i + 1) / layers, happen: layDown })),
        finish: () => {
          layDown();
          act.record({ kind: 'treated', sample, how: command.parameters['design'] as Record<string, number> });
          const mass = [...weighed.values()].reduce((sum, kg) => sum + kg, 0);
          return { result: { mass: fromSi(mass, 'g') }, consumed: consumed() };
        },
        consumed,
      };
    },
  };
}
