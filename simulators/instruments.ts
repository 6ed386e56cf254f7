import { failure } from '../src/base/failure.ts';
import { SettingError } from '../src/domain/document.ts';
import { simulateFilmReader } from './film-reader.ts';
import { simulateFlowReactor } from './flow-reactor.ts';
import { simulateFourPointProbe } from './four-point-probe.ts';
import { simulateFurnace } from './furnace.ts';
import type { Instrument, Surroundings } from './instrument.ts';
import { simulateLiquidHandler } from './liquid-handler.ts';
import { simulatePlateReader } from './plate-reader.ts';
import { simulatePrinter } from './printer.ts';
import { simulateRelay } from './relay.ts';
import { simulateRobotArm } from './robot-arm.ts';
import { simulateSpinCoater } from './spin-coater.ts';
import { simulateTableInstrument } from './table-instrument.ts';

/** Kind of device to its physics. */
const instruments: Readonly<Record<string, (place: Surroundings) => Instrument>> = {
  'film-reader': simulateFilmReader,
  'flow-reactor': simulateFlowReactor,
  'four-point-probe': simulateFourPointProbe,
  furnace: simulateFurnace,
  'liquid-handler': simulateLiquidHandler,
  'plate-reader': simulatePlateReader,
  printer: simulatePrinter,
  'robot-arm': simulateRobotArm,
  'smart-plug-tasmota': simulateRelay,
  'spin-coater': simulateSpinCoater,
  'table-instrument': simulateTableInstrument,
};

/** Throws a FailureError when the kind has no simulator, or its instrument cannot be set up. */
export function instrumentFor(place: Surroundings): Instrument {
  const make = instruments[place.device.kind];
  if (make !== undefined) return make(place);
  const sentence = `The device "${place.id}" (${place.device.kind}) cannot be simulated.`;
  const mend = `Kinds with a simulator: ${Object.keys(instruments).join(', ')}.`;
  throw new SettingError(failure('lab.incapable', sentence, { mend }), ['devices', place.id, 'kind']);
}
