import * as z from 'zod';
import { deviceKind, identity, inUnit, SampleId, schemaOf, setting, simulated } from './kind.ts';

/** Carries one sample from one place to another. How long each way takes stands in the lab's transport. */
const Options = z.strictObject({
  /** Shortest and longest way of the lab; taken from its transport where they are not written. */
  shortest: setting('s', '10 s'),
  longest: setting('s', '30 s'),
  idle_power: setting('W', '40 W'),
  active_power: setting('W', '120 W'),
  simulated,
});

/** Travel times differ by a tenth at most between one journey and the next. */
export const travelSpread = 0.1;

export const robotArm = deviceKind('robot-arm', Options, (id, options) => ({
  ...identity(id, 'robot-arm'),
  capabilities: [
    {
      name: 'move',
      parameters: schemaOf(z.strictObject({ sample: SampleId, from: SampleId, to: SampleId })),
      result: schemaOf(z.strictObject({})),
      units: {},
      duration: {
        low: (1 - travelSpread) * inUnit(options.shortest, 's'),
        typical: inUnit((options.shortest + options.longest) / 2, 's'),
        high: (1 + travelSpread) * inUnit(options.longest, 's'),
      },
      retry: 'unsafe',
      interruptible: false,
      consumes: [],
    },
  ],
  meters: [],
  power: { idle_watt: options.idle_power, active_watt: options.active_power },
  onControllerLost: 'finish',
}));
