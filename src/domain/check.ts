import { failure, type Failure } from '../base/failure.ts';
import { stream } from '../base/random.ts';
import { unitOf, type Definition, type SpaceParameter } from './campaign.ts';
import { capabilityOf, type Capability, type DescriptorBody } from './descriptor.ts';
import { evaluate, isExpression, type Scope } from './expression.ts';
import type { Loaded } from './load.ts';
import { measureUnit } from './lab.ts';
import { nearest } from './nearest.ts';
import { compatible, fromSi } from './quantity.ts';
import { consumptionOf, resolveParameters, scopeOf, type Point } from './resolve.ts';
import type { ParameterValue, Step } from './protocol.ts';

/** Device id to what it says of itself; a device that is only known on the wire is absent. */
export type Descriptors = ReadonlyMap<string, DescriptorBody>;

export interface CheckReport {
  /** Nothing can run before these are mended. */
  readonly failures: readonly Failure[];
  /** It can run, but will probably not end well. */
  readonly warnings: readonly Failure[];
}

/** Checks campaign, protocol and lab against each other and against the devices. */
export function checkDefinition(loaded: Loaded, descriptors: Descriptors): CheckReport {
  const failures = [
    ...checkSpace(loaded),
    ...checkObjectives(loaded),
    ...checkSteps(loaded, descriptors),
    ...checkTransport(loaded, descriptors),
  ];
  if (failures.length > 0) return { failures, warnings: [] };
  const limits = checkLimits(loaded, descriptors);
  if (limits.length > 0) return { failures: limits, warnings: [] };
  return checkStock(loaded, descriptors);
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
    } else failures.push(...checkRange(name, parameter, where));
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

const stepsOf = (definition: Definition): { step: Step; path: PropertyKey[] }[] =>
  definition.protocol.stages.flatMap((stage, i) =>
    stage.steps.map((step, j) => ({ step, path: ['stages', i, 'steps', j] as PropertyKey[] })),
  );

/** The devices that may do a step. */
export function devicesFor(step: Step, descriptors: Descriptors): string[] {
  return [...descriptors]
    .filter(
      ([id, body]) => capabilityOf(body, step.capability) && (step.on === undefined || step.on.some((on) => on === id)),
    )
    .map(([id]) => id);
}

function checkSteps({ definition, locate }: Loaded, descriptors: Descriptors): Failure[] {
  const known = [...new Set([...descriptors.values()].flatMap((body) => body.capabilities.map(({ name }) => name)))];
  const discovered = Object.values(definition.lab.devices).some(({ kind }) => kind === 'discovered');
  const failures: Failure[] = [];
  for (const { step, path } of stepsOf(definition)) {
    for (const on of (step.on ?? []).filter((on) => definition.lab.devices[on] === undefined))
      failures.push(
        failure('lab.incapable', `Step "${step.id}" is to run on "${on}", which the lab does not have.`, {
          where: locate.protocol([...path, 'on']),
          mend: nearest(on, Object.keys(definition.lab.devices)),
        }),
      );
    if (devicesFor(step, descriptors).length === 0 && !discovered)
      failures.push(
        failure('lab.incapable', `No device can do step "${step.id}": none has the capability "${step.capability}".`, {
          where: locate.protocol([...path, 'capability']),
          mend: nearest(step.capability, known),
        }),
      );
  }
  return failures;
}

function checkTransport({ definition, locate }: Loaded, descriptors: Descriptors): Failure[] {
  const { lab } = definition;
  if (lab.transport === undefined) return [];
  const where = locate.lab(['transport']);
  const failures = lab.transport.by
    .filter((by) => {
      const body = descriptors.get(by);
      return lab.devices[by] === undefined || (body !== undefined && !capabilityOf(body, 'move'));
    })
    .map((by) =>
      failure('lab.incapable', `"${by}" is to move samples, but no such device has the capability "move".`, {
        where,
        mend: nearest(by, Object.keys(lab.devices)),
      }),
    );
  if (Object.keys(lab.racks).length === 0)
    failures.push(
      failure('lab.incapable', 'A lab with transport needs a rack where samples begin and end.', {
        where,
        mend: 'Add for example "racks: { rack: { places: 24 } }".',
      }),
    );
  return failures;
}

/** Corners and some inner points of the box; constraints are not considered, so single bounds only are judged by it. */
function probePoints(definition: Definition): Point[] {
  const random = stream(0, 'check');
  const at = (fraction: (name: string) => number): Point =>
    Object.fromEntries(
      Object.entries(definition.campaign.space).map(([name, p]) => {
        const u = fraction(name);
        if (p.type === 'continuous') return [name, fromSi(p.min.si + u * (p.max.si - p.min.si), unitOf(p))];
        if (p.type === 'integer') return [name, Math.round(p.min + u * (p.max - p.min))];
        const index = Math.min(p.levels.length - 1, Math.floor(u * p.levels.length));
        return [name, p.type === 'ordinal' ? fromSi(p.levels[index]!.si, unitOf(p)) : p.levels[index]!];
      }),
    );
  return [at(() => 0), at(() => 1), at(() => 0.5), ...Array.from({ length: 29 }, () => at(() => random.next()))];
}

const bare = /^=\s*[A-Za-z_]\w*\s*$/;

/** Parameters written out, or equal to one parameter of the search space, stay within the device's limits everywhere. */
function checkLimits({ definition, locate }: Loaded, descriptors: Descriptors): Failure[] {
  const [low, high, middle] = probePoints(definition) as [Point, Point, Point];
  return stepsOf(definition).flatMap(({ step, path }) =>
    devicesFor(step, descriptors).flatMap((device) => {
      const capability = capabilityOf(descriptors.get(device)!, step.capability)!;
      const usual = withoutSums(step, capability, scopeOf(definition, middle), Object.keys(definition.campaign.space));
      if (usual === undefined) return [];
      const refused = [low, high]
        .map((point) => resolveParameters(usual, capability, scopeOf(definition, point), 'sample'))
        .find((resolved) => !resolved.ok);
      return refused === undefined || refused.ok
        ? []
        : [{ ...refused.failure, where: locate.protocol([...path, 'parameters']) }];
    }),
  );
}

/**
 * The step with every expression that is more than one parameter fixed at its value in the middle of the space: at the
 * corners such sums may go where the constraints never let them. Undefined where a value hangs on results.
 */
function withoutSums(step: Step, capability: Capability, middle: Scope, names: readonly string[]): Step | undefined {
  let known = true;
  const fix = (value: ParameterValue, unit: string | undefined): ParameterValue => {
    if (isExpression(value)) {
      if (bare.test(value) && names.includes(value.slice(1).trim())) return value;
      const result = evaluate(value, middle);
      known &&= result.ok;
      if (!result.ok || typeof result.value === 'string' || unit === undefined) return result.ok ? result.value : 0;
      return fromSi(result.value, unit);
    }
    if (typeof value !== 'object') return value;
    if (Array.isArray(value)) return value.map((item: ParameterValue) => fix(item, unit));
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => [name, fix(member as ParameterValue, unit)]),
    );
  };
  const parameters = Object.fromEntries(
    Object.entries(step.parameters).map(([name, value]) => [name, fix(value, capability.units[name])]),
  );
  return known ? { ...step, parameters } : undefined;
}

/** Consumption of one experiment per material: least and typical over the probe points whose steps can be resolved. */
function needs(definition: Definition, descriptors: Descriptors): Map<string, { least: number; mean: number }> {
  const totals: Map<string, number>[] = [];
  for (const point of probePoints(definition)) {
    const sums = new Map<string, number>();
    for (const { step } of stepsOf(definition)) {
      const [device] = devicesFor(step, descriptors);
      if (device === undefined) continue;
      const capability = capabilityOf(descriptors.get(device)!, step.capability) as Capability;
      const resolved = resolveParameters(step, capability, scopeOf(definition, point), 'sample');
      if (!resolved.ok) continue;
      for (const { material, amount } of consumptionOf(capability, resolved.value))
        sums.set(material, (sums.get(material) ?? 0) + amount);
    }
    totals.push(sums);
  }
  const materials = new Set(totals.flatMap((sums) => [...sums.keys()]));
  return new Map(
    [...materials].map((material) => {
      const amounts = totals.map((sums) => sums.get(material) ?? 0);
      return [material, { least: Math.min(...amounts), mean: amounts.reduce((a, b) => a + b, 0) / amounts.length }];
    }),
  );
}

const displayUnit = { volume: 'mL', mass: 'g', pieces: '1' } as const;

function checkStock({ definition, locate }: Loaded, descriptors: Descriptors): CheckReport {
  const { lab, campaign } = definition;
  const failures: Failure[] = [];
  const warnings: Failure[] = [];
  for (const [material, need] of needs(definition, descriptors)) {
    const stock = lab.materials[material as keyof typeof lab.materials];
    if (stock === undefined) {
      failures.push(
        failure('stock.short', `The protocol uses "${material}", which is not in the lab's materials.`, {
          where: locate.lab(['materials']),
          mend: nearest(material, Object.keys(lab.materials)),
        }),
      );
      continue;
    }
    const held = stock.lots.reduce((sum, lot) => sum + lot.amount, 0);
    const where = locate.lab(['materials', material, 'lots']);
    const show = (amount: number) =>
      `${Number(fromSi(amount, compatible(displayUnit[stock.measure], measureUnit[stock.measure]) ? displayUnit[stock.measure] : '1').toPrecision(3))} ${displayUnit[stock.measure]}`;
    if (need.least > held)
      failures.push(
        failure(
          'stock.short',
          `One experiment needs at least ${show(need.least)} of ${material}, but ${show(held)} is in stock.`,
          {
            where,
            mend: 'Add a lot.',
          },
        ),
      );
    else if (need.mean * campaign.budget.experiments > held)
      warnings.push(
        failure(
          'stock.short',
          `${campaign.budget.experiments} experiments need about ${show(need.mean * campaign.budget.experiments)} of ${material}, but ${show(held)} is in stock.`,
          { where, mend: 'Add a lot, or the campaign ends when it runs out.' },
        ),
      );
  }
  return { failures, warnings };
}
