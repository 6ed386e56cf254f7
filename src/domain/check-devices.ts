import { failure, type Failure } from '../base/failure.ts';
import type { Definition } from './campaign.ts';
import { capabilityOf, type Capability, type DescriptorBody } from './descriptor.ts';
import { evaluate, isExpression, type Scope } from './expression.ts';
import type { Loaded } from './load.ts';
import { nearest } from './nearest.ts';
import { probePoints } from './probe.ts';
import { fromSi } from './quantity.ts';
import { resolveParameters, scopeOf, type Point } from './resolve.ts';
import type { ParameterValue, Step } from './protocol.ts';

/** Whether the devices can do what the protocol asks for. */

/** Device id to what it says of itself; a device that is only known on the wire is absent. */
export type Descriptors = ReadonlyMap<string, DescriptorBody>;

export const stepsOf = (definition: Definition): { step: Step; path: PropertyKey[] }[] =>
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

export function checkSteps({ definition, locate }: Loaded, descriptors: Descriptors): Failure[] {
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

/** Ways from or to places that the lab does not have would never be gone. */
function checkWays({ definition: { lab }, locate }: Loaded): Failure[] {
  const places = [...Object.keys(lab.devices), ...Object.keys(lab.racks)];
  return lab.transport!.between.flatMap((way, i) =>
    (['from', 'to'] as const)
      .filter((end) => !places.includes(way[end]))
      .map((end) =>
        failure('lab.incapable', `A way leads ${end} "${way[end]}", which the lab does not have.`, {
          where: locate.lab(['transport', 'between', i, end]),
          mend: nearest(way[end], places),
        }),
      ),
  );
}

export function checkTransport(loaded: Loaded, descriptors: Descriptors): Failure[] {
  const { definition, locate } = loaded;
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
  const twice = lab.transport.by.find((by, i, all) => all.indexOf(by) !== i);
  if (twice !== undefined)
    failures.push(
      failure('input.invalid', `"${twice}" is to move samples twice over.`, { where, mend: 'Name it once.' }),
    );
  failures.push(...checkWays(loaded));
  if (Object.keys(lab.racks).length === 0)
    failures.push(
      failure('lab.incapable', 'A lab with transport needs a rack where samples begin and end.', {
        where,
        mend: 'Add for example "racks: { rack: { places: 24 } }".',
      }),
    );
  return failures;
}

const bare = /^=\s*[A-Za-z_]\w*\s*$/;

/** Parameters written out, or equal to one parameter of the search space, stay within the device's limits everywhere. */
export function checkLimits({ definition, locate }: Loaded, descriptors: Descriptors): Failure[] {
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
