import { digest } from '../base/canonical.ts';
import { failed, failure, ok, type Result } from '../base/failure.ts';
import type { Clock } from '../base/clock.ts';
import type { CoreState } from '../control/core.ts';
import { currentStop, type ExperimentContext } from '../control/experiment.ts';
import type { Definition } from '../domain/campaign.ts';
import { capabilityOf } from '../domain/descriptor.ts';
import type { Command } from '../domain/event.ts';
import { CommandKey, DeviceId } from '../domain/ids.ts';
import { consumptionOf, durationOf, resolveParameters, scopeOf } from '../domain/resolve.ts';
import type { Step } from '../domain/protocol.ts';
import type { Assignment } from '../scheduling/model.ts';
import { expectedOf } from './lab-problem.ts';
import { commandHash } from '../wire/messages.ts';

/** Wall ms that a message may need to reach a device, re-sendings included. */
const deliveryMs = 15_000;

/** The command that carries out an assignment, or why the device cannot be told to. */
export function commandFor(
  definition: Definition,
  state: CoreState,
  context: ExperimentContext,
  assignment: Assignment,
  clock: Clock,
): Result<Command> {
  const device = DeviceId.parse(assignment.resource);
  const stop = currentStop(context);
  const step = definition.protocol.stages[context.stage]?.steps[context.step];
  const moving = assignment.kind === 'move';
  const name = moving ? 'move' : (step?.capability ?? '');
  const descriptor = state.devices.get(device)?.context.descriptor;
  const capability = descriptor === undefined ? undefined : capabilityOf(descriptor, name);
  if (capability === undefined)
    return failed(failure('lab.incapable', `${device} does not have the capability "${name}" any more.`));
  const used: Step = moving
    ? { id: 'move', capability: 'move', parameters: { from: assignment.from!, to: assignment.to! }, attempts: 1 }
    : step!;
  const scope = scopeOf(definition, context.point, context.results);
  const parameters = resolveParameters(used, capability, scope, context.experiment);
  if (!parameters.ok) return parameters;
  const expected = durationOf(capability, parameters.value);
  if (!expected.ok) return expected;
  const route = moving ? { from: DeviceId.parse(assignment.from), to: DeviceId.parse(assignment.to) } : { at: device };
  const doing = { kind: assignment.kind, device, capability: name, ...route, expected: expected.value };
  const serial = context.sent + 1;
  const stage = definition.protocol.stages[context.stage]?.id ?? 'out';
  const stepId = moving ? assignment.step : stop!.id;
  const ttl = Math.max(30_000, clock.networkMs(deliveryMs));
  return ok({
    key: CommandKey.parse(digest([state.campaign.context.run, context.experiment, stepId, serial])),
    hash: commandHash(capability.name, parameters.value),
    experiment: context.experiment,
    stage,
    step: stepId,
    attempt: context.attempt,
    ...doing,
    parameters: parameters.value as Command['parameters'],
    ...(assignment.batch === undefined ? {} : { batch: assignment.batch }),
    consumes: consumptionOf(capability, parameters.value),
    retry: capability.retry,
    ttl,
    deadline: ttl + patience(state, doing),
  });
}

/** A device may have got slower than it says, and is then given more time; never less, as its word is what counts for doubt. */
const patience = (state: CoreState, doing: Parameters<typeof expectedOf>[1]): number =>
  Math.round(1.5 * Math.max(doing.expected.high, expectedOf(state, doing).high));
