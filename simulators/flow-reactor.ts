import * as z from 'zod';
import { flowReactor } from '../devices/flow-reactor.ts';
import { failure, FailureError } from '../src/base/failure.ts';
import { present } from '../src/base/invariant.ts';
import { capabilityOf } from '../src/domain/descriptor.ts';
import type { Amount } from '../src/domain/event.ts';
import { MaterialId } from '../src/domain/ids.ts';
import type { Lab } from '../src/domain/lab.ts';
import { fromSi, readQuantity, toSi } from '../src/domain/quantity.ts';
import { drawSeconds, trouble, type Act, type Instrument, type Surroundings } from './instrument.ts';
import { eFactor, snarOutlet, spaceTimeYield, type SnarConditions, type SnarOutlet } from './snar.ts';

/** Relative standard deviations of a pump's flow, of its flow meter and of a concentration told by the analyser. */
export const ReactorErrors = z.strictObject({
  pump: z.number().min(0).default(0.002),
  meter: z.number().min(0).default(0.001),
  analyser: z.number().min(0).default(0.005),
});

type Feeds = Readonly<Record<string, number>>;

/** m3 of each feed for a mixture of `total` m3: c V / c_stock of the reagents, the solvent fills up. */
export function feedsFor(
  conditions: Pick<SnarConditions, 'concentration' | 'equivalents'>,
  total: number,
  stock: { readonly substrate: number; readonly nucleophile: number },
): { substrate: number; nucleophile: number; solvent: number } {
  const substrate = (total * conditions.concentration) / stock.substrate;
  const nucleophile = (total * conditions.concentration * conditions.equivalents) / stock.nucleophile;
  return { substrate, nucleophile, solvent: total - substrate - nucleophile };
}

/** What flows through the coil is what the pumps deliver: their errors shift the composition. */
export function simulateFlowReactor(place: Surroundings): Instrument {
  const options = flowReactor.read(place.id, place.device.options);
  const errors = ReactorErrors.parse(options.simulated);
  const stock = {
    substrate: concentrationOf(place.lab, options.substrate),
    nucleophile: concentrationOf(place.lab, options.nucleophile),
  };
  const total = options.reactor_volume * options.volumes;
  const capability = present(capabilityOf(place.descriptor, 'run_snar'), 'the capability run_snar');

  return {
    idleWatt: options.idle_power,
    refuse({ parameters }) {
      const { substrate, nucleophile, solvent } = feedsFor(conditionsOf(parameters), total, stock);
      const needed = { [options.substrate]: substrate, [options.nucleophile]: nucleophile, [options.solvent]: solvent };
      const message = contradiction(needed, feedsOf(parameters), total);
      return message === undefined ? undefined : { code: 'E_BAD_PARAMETERS', message };
    },
    begin(command, act) {
      const conditions = conditionsOf(command.parameters);
      const feeds = feedsOf(command.parameters);
      const empty = Object.entries(feeds).find(([material, volume]) => place.world.leftOf(material) < volume);
      if (empty !== undefined) return trouble('E_EMPTY', `There is not enough ${empty[0]} left in its bottle.`);
      const pumps = pumping(feeds, errors, act);
      const hot = options.loss * Math.max(0, conditions.temperature - 25);
      return {
        phases: [{ seconds: drawSeconds(capability, command, act.random), watt: options.pump_power + hot }],
        events: [0.25, 0.5, 0.75].map((at) => ({ at, happen: pumps.deliverQuarter })),
        finish: () => {
          pumps.deliverQuarter();
          const mixed = mixtureOf(pumps.delivered, options, stock);
          const outlet = snarOutlet({ ...conditions, ...mixed });
          return { result: analyse(outlet, conditions, errors.analyser, act), consumed: pumps.measured() };
        },
        consumed: pumps.measured,
      };
    },
  };
}

/** The true composition at the inlet, from what was delivered (m3). */
function mixtureOf(
  delivered: Feeds,
  options: { readonly substrate: string; readonly nucleophile: string },
  stock: { readonly substrate: number; readonly nucleophile: number },
): Pick<SnarConditions, 'concentration' | 'equivalents'> {
  const total = Object.values(delivered).reduce((sum, volume) => sum + volume, 0);
  const substrate = (delivered[options.substrate] ?? 0) * stock.substrate;
  const nucleophile = (delivered[options.nucleophile] ?? 0) * stock.nucleophile;
  return { concentration: substrate / total, equivalents: nucleophile / substrate };
}

function pumping(feeds: Feeds, errors: z.infer<typeof ReactorErrors>, act: Act) {
  const factors = Object.entries(feeds).map(([material, volume]) => ({
    material,
    volume,
    true: 1 + errors.pump * act.random.normal(),
    shown: 1 + errors.meter * act.random.normal(),
  }));
  const delivered: Record<string, number> = {};
  const shown: Record<string, number> = {};
  return {
    delivered,
    deliverQuarter: () => {
      for (const factor of factors) {
        const amount = (factor.volume * factor.true) / 4;
        if (amount <= 0) continue;
        const reported = amount * factor.shown;
        act.record({ kind: 'poured', material: factor.material, amount, reported });
        delivered[factor.material] = (delivered[factor.material] ?? 0) + amount;
        shown[factor.material] = (shown[factor.material] ?? 0) + reported;
      }
    },
    measured: (): Amount[] =>
      Object.entries(shown).map(([material, amount]) => ({
        material: MaterialId.parse(material),
        amount,
        uncertainty: errors.meter * amount,
      })),
  };
}

/** Each concentration with its own relative error; the objectives are computed from what the analyser tells. */
function analyse(outlet: SnarOutlet, { residenceTime }: SnarConditions, spread: number, act: Act) {
  const told = Object.fromEntries(
    Object.entries(outlet).map(([name, c]) => [name, Math.max(0, c * act.gain * (1 + spread * act.random.normal()))]),
  ) as unknown as SnarOutlet;
  return { ...told, sty: spaceTimeYield(told, residenceTime), e_factor: eFactor(told) };
}

function conditionsOf(parameters: Readonly<Record<string, unknown>>): SnarConditions {
  const [residenceTime, equivalents, concentration, temperature] = [
    'residence_time',
    'equivalents',
    'concentration',
    'temperature',
  ].map((name) => Number(parameters[name])) as [number, number, number, number];
  return { residenceTime, equivalents, concentration, temperature };
}

const feedsOf = (parameters: Readonly<Record<string, unknown>>): Feeds =>
  Object.fromEntries(
    Object.entries(parameters['feeds'] as Record<string, number>).map(([name, mL]) => [name, toSi(mL, 'mL')]),
  );

/** What the feeds have wrong, when one differs from what the conditions need by more than 1 % of the whole. */
function contradiction(needed: Feeds, feeds: Feeds, total: number): string | undefined {
  for (const name of new Set([...Object.keys(needed), ...Object.keys(feeds)])) {
    const [need, given] = [needed[name] ?? 0, feeds[name] ?? 0];
    if (need >= 0 && Math.abs(need - given) <= 0.01 * total) continue;
    return `These conditions need ${show(need)} of ${name}, but the feeds say ${show(given)}.`;
  }
  return undefined;
}

const show = (m3: number): string => `${Number(fromSi(m3, 'mL').toPrecision(4))} mL`;

/** mol/L of a material in the lab. */
function concentrationOf(lab: Lab, material: string): number {
  const written = lab.materials[material as keyof Lab['materials']]?.properties['concentration'];
  const read = readQuantity(typeof written === 'string' ? written : '', 'mol/m3');
  if (read.ok) return fromSi(read.value.si, 'mol/L');
  throw new FailureError(
    failure('input.invalid', `A flow reactor needs the concentration of the material "${material}".`, {
      mend: `Write for example "properties: { concentration: 1 mol/L }" under materials.${material} in lab.yaml.`,
    }),
  );
}
