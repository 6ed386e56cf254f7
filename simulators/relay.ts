import { present } from '../src/base/invariant.ts';
import { capabilityOf } from '../src/domain/descriptor.ts';
import { drawSeconds, type Instrument, type Surroundings } from './instrument.ts';

/** Watts: a smart plug's own electronics (1.3 W measured; Device Research Lab, MIT), and its relay when it is on. */
const electronics = 1.3;
const relay = 0.4;

/** A switched socket with nothing in it. */
export function simulateRelay(place: Surroundings): Instrument {
  const capability = present(capabilityOf(place.descriptor, 'switch'), 'the capability switch');
  return {
    idleWatt: electronics,
    begin: (command, act) => ({
      phases: [{ seconds: drawSeconds(capability, command, act.random), watt: electronics + relay }],
      finish: () => ({ result: { on: command.parameters['on'] === true }, consumed: [] }),
    }),
  };
}
