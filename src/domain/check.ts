import { failure, type Failure } from '../base/failure.ts';
import { unitOf, weighsUnequally, type SpaceParameter } from './campaign.ts';
import { checkLimits, checkSteps, checkTransport, type Descriptors } from './check-devices.ts';
import { checkHours, warnOfClosings } from './check-hours.ts';
import { checkReading } from './check-reading.ts';
import { checkSetups, warnOfSetups } from './check-setup.ts';
import { checkHolds, checkStages, warnOfShelves } from './check-stages.ts';
import { checkSchedule } from './check-schedule.ts';
import { checkStock } from './check-stock.ts';
import { checkExceptions } from './check-exceptions.ts';
import { checkWaits, warnOfPlaces } from './check-timing.ts';
import { evaluate } from './expression.ts';
import type { Loaded } from './load.ts';
import { measureUnit } from './lab.ts';
import { nearest } from './nearest.ts';
import { compatible } from './quantity.ts';

export interface CheckReport {
  /** Nothing can run before these are mended. */
  readonly failures: readonly Failure[];
  /** It can run, but will probably not end well. */
  readonly warnings: readonly Failure[];
}

/** Checks campaign, protocol and lab against each other and against the devices. */
export function checkDefinition(loaded: Loaded, descriptors: Descriptors): CheckReport {
  const failures = [
    ...checkNames(loaded),
    ...checkReading(loaded),
    ...checkSteps(loaded, descriptors),
    ...checkTransport(loaded, descriptors),
    ...checkSetups(loaded),
    ...checkWaits(loaded, descriptors),
    ...checkExceptions(loaded),
    ...checkHolds(loaded),
    ...checkHours(loaded, descriptors),
  ];
  const campaign = checkCampaign(loaded, descriptors, failures.length === 0);
  const all = [...campaign.failures, ...failures];
  const warnings =
    all.length > 0
      ? []
      : [
          ...campaign.warnings,
          ...warnOfPlaces(loaded, descriptors),
          ...warnOfShelves(loaded),
          ...warnOfClosings(loaded, descriptors),
          ...warnOfSetups(loaded, descriptors),
        ];
  return { failures: all, warnings };
}

/** What hangs on the campaign alone: checked again when it is changed. `deep`: by the limits of the devices, too. */
export function checkCampaign(loaded: Loaded, descriptors: Descriptors, deep = true): CheckReport {
  const failures = [checkSpace, checkObjectives, checkBudget, checkStop, checkStages, checkSchedule].flatMap((check) =>
    check(loaded),
  );
  if (failures.length > 0 || !deep) return { failures, warnings: [] };
  const limits = checkLimits(loaded, descriptors);
  if (limits.length > 0) return { failures: limits, warnings: [] };
  const stock = checkStock(loaded, descriptors);
  return { failures: stock.failures, warnings: [...weightless(loaded), ...stock.warnings] };
}

function checkSpace({ definition, locate }: Loaded): Failure[] {
  const { space, constraints } = definition.campaign;
  const declared = definition.protocol.parameters;
  const failures: Failure[] = [];
  for (const [name, parameter] of Object.entries(space)) {
    const unit = declared[name];
    const where = locate.campaign(['space', name]);
    if (unit === undefined) {
      const mend = nearest(name, Object.keys(declared));
      failures.push(failure('input.invalid', `The protocol has no parameter "${name}".`, { where, mend }));
    } else if (!compatible(unitOf(parameter), unit)) {
      failures.push(
        failure(
          'unit.invalid',
          `"${name}" is varied in "${unitOf(parameter)}", but the protocol measures it in "${unit}".`,
          {
            where,
            mend: `Write its bounds in ${unit === '' ? 'plain numbers' : unit}.`,
          },
        ),
      );
    } else failures.push(...checkRange(name, parameter, where), ...checkLevels(name, parameter, where));
  }
  for (const name of Object.keys(declared).filter((name) => space[name] === undefined))
    failures.push(
      failure('input.invalid', `The protocol's parameter "${name}" is not in the search space.`, {
        where: locate.campaign(['space']),
        mend: `Add "${name}" to space; an ordinal with one level keeps it fixed.`,
      }),
    );
  constraints.forEach((constraint, i) => {
    const names = Array.isArray(constraint.sum) ? constraint.sum : Object.keys(constraint.sum);
    for (const name of names.filter((name) => space[name] === undefined || space[name].type === 'categorical'))
      failures.push(
        failure('input.invalid', `The constraint sums "${name}", which is no numeric parameter of the search space.`, {
          where: locate.campaign(['constraints', i]),
          mend: nearest(name, Object.keys(space)),
        }),
      );
  });
  return failures;
}

function checkRange(name: string, parameter: SpaceParameter, where: string): Failure[] {
  if (parameter.type !== 'continuous' && parameter.type !== 'integer') return [];
  const [min, max] =
    parameter.type === 'integer' ? [parameter.min, parameter.max] : [parameter.min.si, parameter.max.si];
  if (parameter.type === 'continuous' && !compatible(parameter.min.unit, parameter.max.unit))
    return [failure('unit.invalid', `The bounds of "${name}" measure different things.`, { where })];
  if (min < max) return [];
  return [
    failure('input.invalid', `The lower bound of "${name}" is not below the upper one.`, {
      where,
      mend: 'Swap them, or use an ordinal with one level to keep the parameter fixed.',
    }),
  ];
}

function checkObjectives({ definition, locate }: Loaded): Failure[] {
  const observed = definition.protocol.stages.flatMap((stage) => Object.keys(stage.observes));
  return definition.campaign.objectives.flatMap((objective, i) =>
    observed.includes(objective.name)
      ? []
      : [
          failure('input.invalid', `No stage observes the objective "${objective.name}".`, {
            where: locate.campaign(['objectives', i, 'name']),
            mend: nearest(objective.name, observed),
          }),
        ],
  );
}

/** Levels that the model could not tell apart. */
function checkLevels(name: string, parameter: SpaceParameter, where: string): Failure[] {
  if (parameter.type !== 'ordinal' && parameter.type !== 'categorical') return [];
  const levels = parameter.levels.map((level) => (typeof level === 'string' ? level : String(level.si)));
  const twice = levels.findIndex((level, i) => levels.indexOf(level) !== i);
  if (twice >= 0) {
    const level = parameter.levels[twice]!;
    const shown = typeof level === 'string' ? level : `${level.value} ${level.unit}`.trim();
    return [failure('input.invalid', `"${name}" has the level "${shown}" twice.`, { where, mend: 'Leave one out.' })];
  }
  const { descriptors = {} } = parameter.type === 'categorical' ? parameter : {};
  const vectors = levels.map((level) => descriptors[level]?.join());
  const same = vectors.findIndex((vector, i) => vector !== undefined && vectors.indexOf(vector) !== i);
  if (same < 0) return [];
  const [one, other] = [levels[vectors.indexOf(vectors[same])], levels[same]];
  return [
    failure('input.invalid', `The levels "${one}" and "${other}" of "${name}" have the same descriptors.`, {
      where,
      mend: 'Describe what they differ in, or leave the descriptors of all levels out.',
    }),
  ];
}

function checkBudget({ definition, locate }: Loaded): Failure[] {
  const { materials } = definition.lab;
  return Object.entries(definition.campaign.budget.materials).flatMap(([name, limit]) => {
    const where = locate.campaign(['budget', 'materials', name]);
    const material = materials[name as keyof typeof materials];
    if (material === undefined) {
      const mend = nearest(name, Object.keys(materials));
      return [
        failure('input.invalid', `The budget limits "${name}", which is not in the lab's materials.`, { where, mend }),
      ];
    }
    const unit = measureUnit[material.measure];
    if (compatible(limit.unit, unit)) return [];
    const sentence = `The budget limits ${name} in "${limit.unit}", but the lab measures it by ${material.measure}.`;
    return [failure('unit.invalid', sentence, { where, mend: `Write it in ${unit}, or a unit like it.` })];
  });
}

function checkStop({ definition: { campaign }, locate }: Loaded): Failure[] {
  if (campaign.stop?.gain_below === undefined || !weighsUnequally(campaign)) return [];
  const where = locate.campaign(['stop', 'gain_below']);
  const sentence =
    'With unequal weights nobody knows what the next batch will gain, so "gain_below" cannot end the campaign.';
  return [failure('input.invalid', sentence, { where, mend: 'Leave the weights or the stop rule out.' })];
}

/** A weight without another objective beside it. */
function weightless({ definition, locate }: Loaded): Failure[] {
  const [objective, ...others] = definition.campaign.objectives;
  if (objective?.weight === undefined || others.length > 0) return [];
  const where = locate.campaign(['objectives', 0, 'weight']);
  const sentence = `The weight of "${objective.name}" has no effect: it is the only objective.`;
  return [failure('input.invalid', sentence, { where, mend: 'Leave it out.' })];
}

/** Names of the protocol that its expressions could not read, or that would hide a function or a number of mathematics. */
function checkNames({ definition, locate }: Loaded): Failure[] {
  const { constants, parameters } = definition.protocol;
  const refuse = (name: string, path: PropertyKey[]) =>
    failure('input.invalid', `"${name}" has a meaning of its own in expressions.`, {
      where: locate.protocol(path),
      mend: 'Choose another name.',
    });
  return [
    ...Object.keys(constants).flatMap((name) =>
      isUnreadable(name) || isKnownToMathematics(name) ? [refuse(name, ['constants', name])] : [],
    ),
    ...Object.keys(parameters).flatMap((name) => (isUnreadable(name) ? [refuse(name, ['parameters', name])] : [])),
  ];
}

/** Whether a value of that name does not come back from an expression that is nothing but the name. */
function isUnreadable(name: string): boolean {
  const probe = evaluate(`=${name}`, { [name]: 1.25 });
  return !probe.ok || probe.value !== 1.25;
}

const isKnownToMathematics = (name: string): boolean => {
  const alone = evaluate(`=${name}`, {});
  return alone.ok || !alone.failure.message.includes('Undefined symbol');
};
