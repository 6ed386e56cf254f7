import { robotArm, travelSpread } from '../devices/robot-arm.ts';
import { writtenOptions } from '../devices/catalogue.ts';
import { present } from '../src/base/invariant.ts';
import { travelSeconds, type Lab } from '../src/domain/lab.ts';
import { trouble, type Instrument, type Surroundings } from './instrument.ts';

/**
 * The sample leaves its place after the lab's pick time and stands at the next one when the move ends. One journey differs
 * from the next by up to a tenth (uniform).
 */
export function simulateRobotArm(place: Surroundings): Instrument {
  const { world, clock, lab } = place;
  const options = robotArm.read(place.id, writtenOptions(lab, place.id));
  return {
    idleWatt: options.idle_power,
    begin({ parameters }, act) {
      const [sample, from, to] = ['sample', 'from', 'to'].map((name) => String(parameters[name])) as [
        string,
        string,
        string,
      ];
      const transport = present(lab.transport, 'the transport of a lab with a robot arm');
      const where = world.placeOf(sample);
      if (where === undefined && lab.racks[from as keyof Lab['racks']] !== undefined)
        world.record(place.id, clock.now(), { kind: 'placed', sample, place: from });
      else if (where !== from)
        return trouble(
          'E_SAMPLE_ABSENT',
          `The sample ${sample} is not at ${from}: it is ${where === undefined ? 'nowhere in the lab' : `at ${where}`}.`,
        );
      const held = world.samplesAt(place.id);
      if (held.length > 0) return trouble('E_OCCUPIED', `${place.id} still holds ${held.join(', ')}.`);
      const seconds = travelSeconds(transport, from, to) * (1 + travelSpread * (2 * act.random.next() - 1));
      return {
        phases: [{ seconds, watt: options.active_power }],
        events: [{ at: Math.min(0.9, transport.pick / seconds), happen: () => act.record({ kind: 'picked', sample }) }],
        finish: () => {
          act.record({ kind: 'placed', sample, place: to });
          return { result: {} };
        },
      };
    },
  };
}
