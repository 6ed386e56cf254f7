import { durationText } from '../base/duration-text.ts';
import { failure, type Failure } from '../base/failure.ts';
import { devicesFor, stepsOf, type Descriptors } from './check-devices.ts';
import { detourIn } from './detour.ts';
import { atOnce, type Lab, type LabDevice } from './lab.ts';
import type { Loaded } from './load.ts';
import { probePoints } from './probe.ts';
import type { Step } from './protocol.ts';
import { recipeOf, scopeOf } from './resolve.ts';

/** Whether the times that devices are set up between recipes make sense. */

export function checkSetups(loaded: Loaded): Failure[] {
  const { lab } = loaded.definition;
  return Object.entries(lab.devices).flatMap(([id, device]) =>
    device.setup === undefined && device.setup_between === undefined ? [] : checkDevice(loaded, id, device),
  );
}

function checkDevice({ definition: { lab }, locate }: Loaded, id: string, device: LabDevice): Failure[] {
  const { setup, setup_between: between = [] } = device;
  const fail = (path: PropertyKey[], sentence: string, mend: string): Failure[] => [
    failure('input.invalid', sentence, { where: locate.lab(['devices', id, ...path]), mend }),
  ];
  if (setup === undefined)
    return fail(
      ['setup_between'],
      `"${id}" has times between some recipes, but none between all others.`,
      'Add "setup".',
    );
  if (lab.transport?.by.some((by) => by === id) === true)
    return fail(['setup'], `"${id}" moves samples, and is not set up between recipes.`, 'Leave "setup" out.');
  if (!device.batch && atOnce(device) > 1)
    return fail(
      ['setup'],
      `"${id}" works on ${atOnce(device)} samples at once, each on its own, so that it cannot be set up between two of them.`,
      'Set its concurrency to 1, or make it a batch device.',
    );
  const same = between.findIndex(({ from, to }) => from === to);
  if (same >= 0)
    return fail(
      ['setup_between', same],
      `"${id}" is set up from "${between[same]!.from}" to itself, which takes no time.`,
      'Leave it out.',
    );
  const detour = detourIn(between, (from, to) => changeTime(setup, between, from, to));
  if (detour === undefined) return [];
  const { from, over, to, straight, around } = detour;
  const position = between.findIndex((one) => one.from === from && one.to === to);
  return fail(
    ['setup_between', ...(position < 0 ? [] : [position])],
    `"${id}": a change from "${from}" to "${to}" takes ${shown(straight)}, but only ${shown(around)} over "${over}".`,
    `Let it take ${shown(around)} at most, or the others longer.`,
  );
}

type Between = NonNullable<LabDevice['setup_between']>;

const changeTime = (setup: number, between: Between, from: string, to: string): number =>
  from === to ? 0 : (between.find((one) => one.from === from && one.to === to)?.takes ?? setup);

const shown = (seconds: number): string => durationText(seconds * 1000);

/** The least time, s, that a device is set up between two steps of one sample, at some point of the search space. */
export function setupBetween({ definition }: Loaded, device: string, before: Step, step: Step): number {
  const { setup, setup_between: between = [] } = definition.lab.devices[device as keyof Lab['devices']] ?? {};
  if (setup === undefined) return 0;
  const times = probePoints(definition).map((point) => {
    const scope = scopeOf(definition, point);
    const [from, to] = [before, step].map((one) => recipeOf(one, scope));
    // A recipe that hangs on results counts as another one, as it does for the planner until it is known.
    if (from === to) return 0;
    return from === undefined || to === undefined ? setup : changeTime(setup, between, from, to);
  });
  return Math.min(...times);
}

/** Set-up that never counts, because nothing that is done there has a recipe. */
export function warnOfSetups({ definition, locate }: Loaded, descriptors: Descriptors): Failure[] {
  const steps = stepsOf(definition);
  return Object.entries(definition.lab.devices).flatMap(([id, { setup }]) => {
    const own = steps.filter(({ step }) => devicesFor(step, descriptors).includes(id));
    if (setup === undefined || own.length === 0 || own.some(({ step }) => step.recipe !== undefined)) return [];
    const sentence = `"${id}" is set up between recipes, but no step that it can do has one.`;
    const mend = `Give "${own[0]!.step.id}" a "recipe", or leave "setup" out.`;
    return [failure('input.invalid', sentence, { where: locate.lab(['devices', id, 'setup']), mend })];
  });
}
