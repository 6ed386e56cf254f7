import * as z from 'zod';
import { spinCoater } from '../devices/spin-coater.ts';
import { present } from '../src/base/invariant.ts';
import { capabilityOf } from '../src/domain/descriptor.ts';
import type { Stream } from '../src/base/random.ts';
import type { Lab } from '../src/domain/lab.ts';
import { readQuantity, toSi } from '../src/domain/quantity.ts';
import { filmOf } from './film.ts';
import { drawSeconds, trouble, type Instrument, type Surroundings } from './instrument.ts';
import { jammed, saltFraction, spinCoat, type Circumstances, type Ink } from './spin-coating.ts';

/** What differs from film to film, as standard deviations of the logarithm. */
export const CoaterErrors = z.strictObject({
  /** Of the rate of evaporation. */
  draught: z.number().min(0).default(0.15),
  /** Of the contact angle. */
  dirt: z.number().min(0).default(0.3),
});

/** Usual contact angle of the ink on cleaned glass, rad. */
const cleanAngle = toSi(5.5, 'deg');

/** Those of one film. */
export const drawCircumstances = (random: Stream, { draught, dirt } = CoaterErrors.parse({})): Circumstances => ({
  evaporation: Math.exp(draught * random.normal()),
  contactAngle: cleanAngle * Math.exp(dirt * random.normal()),
});

/**
 * The ink that has been poured together, mixed evenly; undefined where nothing in it makes a film. Salts are the materials
 * with `metal: indium` or `metal: tin` and a `concentration` in their properties; all else is solvent.
 */
export function inkOf(contents: Readonly<Record<string, number>>, lab: Lab): Ink | undefined {
  const moles = { indium: 0, tin: 0 };
  let volume = 0;
  for (const [material, poured] of Object.entries(contents)) {
    volume += poured;
    const { metal, concentration } = lab.materials[material as keyof Lab['materials']]?.properties ?? {};
    const read = typeof concentration === 'string' ? readQuantity(concentration, 'mol/m3') : undefined;
    if (read?.ok && (metal === 'indium' || metal === 'tin')) moles[metal] += read.value.si * poured;
  }
  const all = moles.indium + moles.tin;
  return all === 0 ? undefined : { concentration: all / volume, tin: moles.tin / all };
}

/** The film by `spin-coating.ts`, from what the sample holds; what runs off is caught and thrown away. */
export function simulateSpinCoater(place: Surroundings): Instrument {
  const options = spinCoater.read(place.id, place.device.options);
  const errors = CoaterErrors.parse(options.simulated);
  const capability = present(capabilityOf(place.descriptor, 'spin_coat'), 'the capability spin_coat');
  return {
    idleWatt: options.idle_power,
    begin(command, act) {
      const sample = String(command.parameters['sample']);
      const speed = Number(command.parameters['speed']);
      const ink = inkOf(place.world.contentsOf(sample), place.lab);
      if (ink === undefined) return trouble('E_EMPTY', `There is no ink on ${sample}.`);
      if (saltFraction(ink) >= jammed) return trouble('E_STIFF', `The ink on ${sample} is too concentrated to flow.`);
      if (filmOf(place.world.treatmentsOf(sample)) !== undefined)
        return trouble('E_COATED', `${sample} has a film already.`);
      return {
        phases: [{ seconds: drawSeconds(capability, command, act.random), watt: options.active_power }],
        finish: () => {
          const coat = spinCoat(ink, toSi(speed, 'rpm'), drawCircumstances(act.random, errors));
          act.record({ kind: 'treated', sample, how: { ...coat } });
          return { result: { speed: speed * act.gain }, consumed: [] };
        },
      };
    },
  };
}
