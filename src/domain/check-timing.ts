import { failure, type Failure } from '../base/failure.ts';
import { travelSeconds, type Lab } from './lab.ts';
import { setupBetween } from './check-setup.ts';
import { devicesFor, stepsOf, type Descriptors } from './check-devices.ts';
import type { Loaded } from './load.ts';
import type { Step } from './protocol.ts';
import { waitBefore } from './stages.ts';

/** Whether maximum waits can be kept by the ways that the lab has, and whether its racks hold what comes. */

type At = ReturnType<typeof stepsOf>[number];

/** What can never be kept. Devices that are known on the wire only are left out: nothing is known of them yet. */
export function checkWaits(loaded: Loaded, descriptors: Descriptors): Failure[] {
  const { definition, locate } = loaded;
  return stepsOf(definition).flatMap(({ step, path }, i, all) => {
    const { min, max } = waitBefore(definition.protocol, Number(path[1]), Number(path[3]));
    if (max === undefined) return [];
    const where = locate.protocol([...path, 'wait']);
    if (min > max) {
      const own = max === step.wait?.max;
      const mend = own ? 'Exchange "min" and "max", or leave one out.' : 'Hold its sample for longer, or wait less.';
      const until = own ? '' : ', for as long as its sample is held';
      const sentence = `"${step.id}" must wait ${shown(min)} at least and ${shown(max)} at most${until}.`;
      return [failure('input.invalid', sentence, { where, mend })];
    }
    const before = all[i - 1]?.step;
    const way = before === undefined ? undefined : fastestWay(loaded, before, step, descriptors);
    if (way === undefined || way.seconds <= max) return [];
    if (way.from === way.to)
      return [
        failure(
          'lab.incapable',
          `"${step.id}" must begin within ${shown(max)} of "${before!.id}", but "${way.to}" is set up between them, which takes ${shown(way.seconds)}.`,
          { where, mend: `Allow ${shown(way.seconds)} and some more, or add a device.` },
        ),
      ];
    return [
      failure(
        'lab.incapable',
        `"${step.id}" must begin within ${shown(max)} of "${before!.id}", but the fastest way, from ${way.from} to ${way.to}, takes ${shown(way.seconds)}.`,
        { where, mend: `Allow ${shown(way.seconds)} and some more, or bring the devices closer together.` },
      ),
    ];
  });
}

/** What can be kept only by using less than the lab has, or by somebody's help. */
export function warnOfPlaces(loaded: Loaded, descriptors: Descriptors): Failure[] {
  const steps = stepsOf(loaded.definition);
  return [...steps.flatMap((at, i) => slowUnloading(loaded, steps[i - 1], at, descriptors)), ...fullRacks(loaded)];
}

/** The last of a full batch waits until the arms have carried the others away. */
function slowUnloading(loaded: Loaded, before: At | undefined, at: At, descriptors: Descriptors): Failure[] {
  const { definition, locate } = loaded;
  const { lab } = definition;
  const max = at.step.wait?.max;
  if (before === undefined || max === undefined || lab.transport === undefined) return [];
  const way = fastestWay(loaded, before.step, at.step, descriptors);
  // What stays where it is waits for a set-up at most, and for nobody else to be carried away.
  if (way === undefined || way.seconds === 0 || way.from === way.to) return [];
  const arms = lab.transport.by.length;
  return devicesFor(before.step, descriptors).flatMap((id) => {
    const { batch, places } = lab.devices[id as keyof Lab['devices']]!;
    const last = Math.ceil(places / arms) * way.seconds;
    if (!batch || last <= max) return [];
    const fits = Math.max(1, Math.floor(max / way.seconds) * arms);
    const sentence = `A full batch of ${places} in ${id} takes ${shown(last)} to unload, but "${at.step.id}" must begin within ${shown(max)} of "${before.step.id}": only batches of ${fits} will run.`;
    const mend = `Allow ${shown(last)}, add an arm, or set its places to ${fits}.`;
    return [failure('lab.incapable', sentence, { where: locate.protocol([...at.path, 'wait', 'max']), mend })];
  });
}

/** Samples begin and end in racks; nothing but a person takes them out. */
function fullRacks({ definition: { lab, campaign }, locate }: Loaded): Failure[] {
  if (lab.transport === undefined) return [];
  const places = Object.values(lab.racks).reduce((sum, rack) => sum + rack.places, 0);
  const { experiments } = campaign.budget;
  if (places === 0 || places >= experiments) return [];
  const sentence = `The racks hold ${places} samples and the campaign makes ${experiments}: somebody has to take finished ones away.`;
  const mend = 'Add places, or have somebody there before they are full.';
  return [failure('lab.incapable', sentence, { where: locate.lab(['racks']), mend })];
}

/**
 * Seconds from one of the devices of a step to one of the next step's, or for setting up the same one; undefined where devices
 * are not known yet.
 */
function fastestWay(loaded: Loaded, before: Step, step: Step, descriptors: Descriptors) {
  const { transport } = loaded.definition.lab;
  let best: { from: string; to: string; seconds: number } | undefined;
  for (const from of devicesFor(before, descriptors))
    for (const to of devicesFor(step, descriptors)) {
      const way = transport === undefined ? 0 : travelSeconds(transport, from, to);
      const seconds = from === to ? setupBetween(loaded, to, before, step) : way;
      if (best === undefined || seconds < best.seconds) best = { from, to, seconds };
    }
  return best;
}

const shown = (seconds: number): string => `${Number(seconds.toPrecision(3))} s`;
