import { failure, type Failure } from '../base/failure.ts';
import type { Loaded } from './load.ts';
import { nearest } from './nearest.ts';
import { isStaged, lastStageOf, legsOf } from './stages.ts';

/** Whether what is said of holds and of deciding stage by stage can be carried out. */

const atStart = 'Or choose all at the beginning, with "stages: { decide: at_start }" in the campaign.';

export function checkHolds({ definition: { protocol, lab }, locate }: Loaded): Failure[] {
  return protocol.stages.flatMap(({ id, hold }, i) => {
    if (hold === undefined) return [];
    const where = locate.protocol(['stages', i, 'hold']);
    if (i === protocol.stages.length - 1)
      return [
        failure('input.invalid', `Nothing comes after "${id}" that its samples could be held for.`, {
          where,
          mend: 'Leave its hold out.',
        }),
      ];
    if (hold.in === undefined || lab.racks[hold.in] !== undefined) return [];
    const mend = nearest(hold.in, Object.keys(lab.racks));
    return [
      failure('lab.incapable', `"${id}" holds its samples in "${hold.in}", which is no rack of the lab.`, {
        where,
        mend,
      }),
    ];
  });
}

export function checkStages(loaded: Loaded): Failure[] {
  if (!isStaged(loaded.definition)) return [];
  return [...checkOrder(loaded), ...checkConstraints(loaded), ...checkFit(loaded), ...checkGathering(loaded)];
}

/** Samples must not spoil while they wait for others to be decided on. */
function checkGathering({ definition: { campaign, protocol }, locate }: Loaded): Failure[] {
  const gather = campaign.stages?.gather;
  if (gather === undefined) return [];
  return protocol.stages.flatMap(({ id, hold }) => {
    if (hold?.for === undefined || gather < hold.for) return [];
    const sentence = `A decision waits ${gather} s for other samples, but what comes from "${id}" keeps for ${hold.for} s.`;
    const where = locate.campaign(['stages', 'gather']);
    return [failure('input.invalid', sentence, { where, mend: 'Gather for a small part of the shelf life.' })];
  });
}

/** Objectives at the end, and every name once. */
function checkOrder({ definition, locate }: Loaded): Failure[] {
  const { campaign, protocol } = definition;
  const last = legsOf(definition).at(-1)!;
  const final = new Set(last.stages.flatMap(({ observes }) => Object.keys(observes)));
  const early = campaign.objectives.flatMap(({ name }, i) =>
    final.has(name) || !protocol.stages.some(({ observes }) => name in observes)
      ? []
      : [
          failure('input.invalid', `The objective "${name}" is observed before samples are held, not at the end.`, {
            where: locate.campaign(['objectives', i, 'name']),
            mend: `Observe it in "${last.id}". ${atStart}`,
          }),
        ],
  );
  const seen = new Set(Object.keys(campaign.space));
  const twice = protocol.stages.flatMap(({ observes }, i) =>
    Object.keys(observes).flatMap((name) => {
      if (!seen.has(name)) {
        seen.add(name);
        return [];
      }
      const where = locate.protocol(['stages', i, 'observes', name]);
      const sentence = `"${name}" names more than one parameter or observation.`;
      return [failure('input.invalid', sentence, { where, mend: `Give it a name of its own. ${atStart}` })];
    }),
  );
  return [...early, ...twice];
}

/** Parameters of different legs are not chosen at the same time. */
function checkConstraints({ definition, locate }: Loaded): Failure[] {
  const legs = legsOf(definition);
  const legOf = (name: string) => legs.find(({ parameters }) => parameters.includes(name))?.id;
  return definition.campaign.constraints.flatMap((constraint, i) => {
    const names = Array.isArray(constraint.sum) ? constraint.sum : Object.keys(constraint.sum);
    const other = names.find((name) => legOf(name) !== legOf(names[0]!));
    if (other === undefined) return [];
    const sentence = `The constraint joins "${names[0]}", chosen for "${legOf(names[0]!)}", and "${other}", chosen for "${legOf(other)}".`;
    const where = locate.campaign(['constraints', i]);
    return [failure('input.invalid', sentence, { where, mend: `Constrain the parameters of one stage. ${atStart}` })];
  });
}

/** What only whole experiments know. */
function checkFit({ definition: { campaign }, locate }: Loaded): Failure[] {
  const unknown = [
    ['stop', campaign.stop, 'A stop rule'],
    ['expectation', campaign.expectation, 'An expectation'],
  ] as const;
  return unknown.flatMap(([key, value, what]) =>
    value === undefined
      ? []
      : [
          failure('input.invalid', `${what} is not known yet where stages are decided one after the other.`, {
            where: locate.campaign([key]),
            mend: `Leave it out. ${atStart}`,
          }),
        ],
  );
}

/** Fewer places for held samples than the campaign has under way. */
export function warnOfShelves({ definition, locate }: Loaded): Failure[] {
  const { protocol, lab, campaign } = definition;
  if (!isStaged(definition) || lab.transport === undefined) return [];
  return legsOf(definition)
    .slice(0, -1)
    .flatMap((leg) => {
      const { id, hold } = protocol.stages[lastStageOf(leg)]!;
      const places = hold?.in === undefined ? undefined : lab.racks[hold.in]?.places;
      if (places === undefined || places >= campaign.batch.size) return [];
      const sentence = `"${hold!.in}" holds ${places} samples after "${id}", but the campaign has ${campaign.batch.size} under way: only ${places} will be begun at a time.`;
      const where = locate.lab(['racks', hold!.in!, 'places']);
      return [failure('lab.incapable', sentence, { where, mend: 'Add places, or make the batch smaller.' })];
    });
}
