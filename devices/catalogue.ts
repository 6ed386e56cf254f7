import { failure } from '../src/base/failure.ts';
import type { DescriptorBody } from '../src/domain/descriptor.ts';
import { SettingError } from '../src/domain/document.ts';
import { DeviceId } from '../src/domain/ids.ts';
import type { Lab } from '../src/domain/lab.ts';
import { nearest } from '../src/domain/nearest.ts';
import { filmReader } from './film-reader.ts';
import { flowReactor } from './flow-reactor.ts';
import { fourPointProbe } from './four-point-probe.ts';
import { furnace } from './furnace.ts';
import type { DeviceKind, Written } from './kind.ts';
import { liquidHandler } from './liquid-handler.ts';
import { plugMeters } from './meters.ts';
import { plateReader } from './plate-reader.ts';
import { printer } from './printer.ts';
import { robotArm } from './robot-arm.ts';
import { smartPlugTasmota } from './smart-plug-tasmota.ts';
import { spinCoater } from './spin-coater.ts';
import { tableInstrument } from './table-instrument.ts';

const kinds: readonly DeviceKind[] = [
  filmReader,
  flowReactor,
  fourPointProbe,
  furnace,
  liquidHandler,
  plateReader,
  printer,
  robotArm,
  smartPlugTasmota,
  spinCoater,
  tableInstrument,
];

/** Every kind that `lab.yaml` may name, but `discovered`. */
export const catalogue: ReadonlyMap<string, DeviceKind> = new Map(kinds.map((kind) => [kind.kind, kind]));

/** What a device of the lab says of itself; undefined when only the wire knows it. */
export function describeDevice(lab: Lab, id: string): DescriptorBody | undefined {
  const device = lab.devices[DeviceId.parse(id)];
  if (device === undefined || device.kind === 'discovered') return undefined;
  const kind = catalogue.get(device.kind);
  if (kind === undefined)
    throw new SettingError(
      failure('input.invalid', `The device "${id}" is of the kind "${device.kind}", which does not exist.`, {
        mend: nearest(device.kind, [...catalogue.keys(), 'discovered']),
      }),
      ['devices', id, 'kind'],
    );
  const body = kind.describe(id, writtenOptions(lab, id));
  return device.meter === undefined ? body : { ...body, meters: [plugMeters[device.meter.kind]] };
}

/** What every device of the lab says of itself, but those that only the wire knows. */
export function describeLab(lab: Lab): Map<string, DescriptorBody> {
  return new Map(
    Object.keys(lab.devices).flatMap((id) => {
      const body = describeDevice(lab, id);
      return body === undefined ? [] : [[id, body] as const];
    }),
  );
}

/** The options of a device; an arm takes its travel times from the lab's transport where it has none of its own. */
export function writtenOptions(lab: Lab, id: string): Written {
  const device = lab.devices[DeviceId.parse(id)];
  if (device === undefined) return {};
  if (device.kind !== robotArm.kind || lab.transport === undefined) return device.options;
  const times = [lab.transport.travel, ...lab.transport.between.map(({ takes }) => takes)];
  return { shortest: `${Math.min(...times)} s`, longest: `${Math.max(...times)} s`, ...device.options };
}
