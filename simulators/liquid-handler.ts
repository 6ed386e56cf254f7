import * as z from 'zod';
import { liquidHandler } from '../devices/liquid-handler.ts';
import { stream } from '../src/base/random.ts';
import { capabilityOf } from '../src/domain/descriptor.ts';
import type { Amount } from '../src/domain/event.ts';
import { MaterialId } from '../src/domain/ids.ts';
import { fromSi, quantity, toSi } from '../src/domain/quantity.ts';
import type { Stream } from '../src/base/random.ts';
import { present } from '../src/base/invariant.ts';
import { drawSeconds, trouble, type Act, type Activity, type Instrument, type Surroundings } from './instrument.ts';

/**
 * Pipetting errors. A volume V asked for comes out as
 *
 *   V_true = V (1 + s) + e,   e ~ N(0, (c V)^2 + f^2)   [m3]
 *
 * with a systematic error s that belongs to the instrument (uniform within +-`systematic`), a coefficient of variation c
 * and a floor f for small volumes. The built-in balance weighs what came out: V_reported = V_true + N(0, b^2). Defaults
 * are half of what ISO 8655-2 permits to a 200 uL air-displacement pipette at its nominal volume (0.8 % systematic,
 * 0.3 % random).
 */
export const PipettingErrors = z.strictObject({
  systematic: quantity('1', { min: 0 }).prefault('0.4 %'),
  random: quantity('1', { min: 0 }).prefault('0.15 %'),
  floor: quantity('m3', { min: 0 }).prefault('0.05 uL'),
  balance: quantity('m3', { min: 0 }).prefault('0.03 uL'),
});
export type PipettingErrors = z.infer<typeof PipettingErrors>;

export interface Portion {
  /** m3 that came out. */
  readonly amount: number;
  /** m3 that the balance shows, and its standard uncertainty. */
  readonly reported: number;
  readonly uncertainty: number;
}

/** The systematic error of one instrument, the same for ever. */
export const systematicError = (errors: PipettingErrors, seed: number, id: string): number =>
  errors.systematic * (2 * stream(seed, `pipette/${id}`).next() - 1);

/** One portion of `volume` m3; nothing comes out of a dispense of zero. */
export function pipette(volume: number, systematic: number, errors: PipettingErrors, random: Stream): Portion {
  if (volume === 0) return { amount: 0, reported: 0, uncertainty: 0 };
  const spread = Math.hypot(errors.random * volume, errors.floor);
  const amount = Math.max(0, volume * (1 + systematic) + spread * random.normal());
  const reported = Math.max(0, amount + errors.balance * random.normal());
  return { amount, reported, uncertainty: errors.balance };
}

export function simulateLiquidHandler(place: Surroundings): Instrument {
  const options = liquidHandler.read(place.id, place.device.options);
  const errors = PipettingErrors.parse(options.simulated);
  const systematic = systematicError(errors, place.seed, place.id);
  const capability = present(capabilityOf(place.descriptor, 'dispense'), 'the capability dispense');
  const wanted = (parameters: Readonly<Record<string, unknown>>): [string, number][] =>
    Object.entries(parameters['volumes'] as Record<string, number>).map(([name, uL]) => [name, toSi(uL, 'uL')]);

  return {
    idleWatt: options.idle_power,
    refuse({ parameters }) {
      const total = wanted(parameters).reduce((sum, [, volume]) => sum + volume, 0);
      if (total <= options.max_total * (1 + 1e-9)) return undefined;
      const message = `${show(total)} together is more than the ${show(options.max_total)} that fit into a sample.`;
      return { code: 'E_BAD_PARAMETERS', message };
    },
    begin(command, act) {
      const portions = wanted(command.parameters).filter(([, volume]) => volume > 0);
      const empty = portions.find(([material, volume]) => place.world.leftOf(material) < volume);
      if (empty !== undefined)
        return trouble(
          'E_EMPTY',
          `${show(place.world.leftOf(empty[0]))} of ${empty[0]} is left, ${show(empty[1])} is needed.`,
        );
      const seconds = drawSeconds(capability, command, act.random);
      const sample = String(command.parameters['sample']);
      return pouring({ sample, seconds, watt: options.active_power }, portions, act, (volume) =>
        pipette(volume, systematic, errors, act.random),
      );
    },
  };
}

const show = (m3: number): string => `${Number(fromSi(m3, 'uL').toPrecision(4))} uL`;

/** One material after another: each leaves its bottle when its share of the time has passed. */
function pouring(
  what: { sample: string; seconds: number; watt: number },
  portions: readonly (readonly [string, number])[],
  act: Act,
  portion: (volume: number) => Portion,
): Activity {
  const poured: Amount[] = [];
  const events = portions.map(([material, volume], i) => ({
    at: (i + 1) / (portions.length + 1),
    happen: () => {
      const { amount, reported, uncertainty } = portion(volume);
      act.record({ kind: 'poured', sample: what.sample, material, amount, reported });
      poured.push({ material: MaterialId.parse(material), amount: reported, uncertainty });
    },
  }));
  return {
    phases: [{ seconds: what.seconds, watt: what.watt }],
    events,
    finish: () => {
      const total = poured.reduce((sum, { amount }) => sum + amount, 0);
      return { result: { total: fromSi(total, 'uL') }, consumed: poured };
    },
    consumed: () => poured,
  };
}
