import type { Definition } from '../../domain/campaign.ts';
import { DeviceId } from '../../domain/ids.ts';

/** The same lab with a second device of the same kind beside one; steps that name the one may use the other. */
export function withTwin(definition: Definition, id: string): Definition {
  const { lab, protocol } = definition;
  const device = lab.devices[id as keyof typeof lab.devices]!;
  const twin = twinId(Object.keys(lab.devices), id);
  // It has no plug of its own: its energy is modelled.
  const { meter: _, ...rest } = device;
  const { transport } = lab;
  const carries = transport?.by.some((by) => by === id) === true;
  const stages = protocol.stages.map((stage) => ({
    ...stage,
    steps: stage.steps.map((step) => (step.on?.some((on) => on === id) ? { ...step, on: [...step.on, twin] } : step)),
  }));
  return {
    ...definition,
    protocol: { ...protocol, stages },
    lab: {
      ...lab,
      devices: { ...lab.devices, [twin]: rest },
      ...(transport === undefined
        ? {}
        : { transport: carries ? { ...transport, by: [...transport.by, twin] } : transport }),
    },
  };
}

function twinId(ids: readonly string[], id: string): DeviceId {
  for (let n = 2; ; n++) {
    const twin = `${id.slice(0, 60)}-${n}`;
    if (!ids.includes(twin)) return DeviceId.parse(twin);
  }
}

/** More than any campaign uses, in units of what there is. */
const plenty = 1000;

/** The same lab with stock that never ends; what an amount costs and emits stays. */
export function withAmpleStock(definition: Definition): Definition {
  const { lab } = definition;
  const materials = Object.entries(lab.materials).map(([id, material]) => {
    const lots = material.lots.map(({ amount, cost, co2e, ...lot }) => ({
      ...{ ...lot, amount: amount * plenty },
      ...(cost === undefined ? {} : { cost: cost * plenty }),
      ...(co2e === undefined ? {} : { co2e: co2e * plenty }),
    }));
    return [id, { ...material, lots }];
  });
  return { ...definition, lab: { ...lab, materials: Object.fromEntries(materials) as typeof lab.materials } };
}
