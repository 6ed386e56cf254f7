import { durationText } from '../base/duration-text.ts';
import { failure, type Failure } from '../base/failure.ts';
import { initialState, type CoreState } from '../control/core.ts';
import { deviceMachine } from '../control/device.ts';
import { experimentMachine } from '../control/experiment.ts';
import type { Definition } from '../domain/campaign.ts';
import type { CheckReport } from '../domain/check.ts';
import { devicesFor, type Descriptors } from '../domain/check-devices.ts';
import { describe } from '../domain/descriptor.ts';
import { ExperimentId } from '../domain/ids.ts';
import type { Loaded } from '../domain/load.ts';
import { probePoints } from '../domain/probe.ts';
import type { Step } from '../domain/protocol.ts';
import { decidesAfter } from '../domain/stages.ts';
import type { SchedulingProblem } from '../scheduling/model.ts';
import { outlook } from '../scheduling/outlook.ts';
import { plan } from '../scheduling/planner.ts';
import { sceneOf } from '../scheduling/scene.ts';
import { LabProblem } from './lab-problem.ts';

/**
 * Whether a protocol can be promised to keep its limited waits at all: whether one sample alone, in a lab that is empty, open
 * and whole, surely keeps them whatever ways and steps take within their bands. The planner and the condition by which steps are
 * let start decide it, as they do while the lab runs.
 */

interface Placed {
  readonly stage: number;
  readonly index: number;
  readonly step: Step;
}

const sample = ExperimentId.parse('one-sample');

/**
 * Limited waits that one sample alone cannot keep, as failures, and those that it may not keep, as warnings. Steps that no
 * known device does are left out.
 */
export function checkAlone({ definition, locate }: Loaded, descriptors: Descriptors): CheckReport {
  const lab = new EmptyLab(definition, descriptors);
  const steps = definition.protocol.stages.flatMap(({ steps }, stage) =>
    steps.map((step, index): Placed => ({ stage, index, step })),
  );
  const report = { failures: [] as Failure[], warnings: [] as Failure[] };
  // From the end: what follows within a limit must be kept, too, and is told of once.
  for (let i = steps.length - 1, told = false; i > 0; i--) {
    const [before, { step, stage, index }] = [steps[i - 1]!, steps[i]!];
    const max = step.wait?.max;
    const decided = index === 0 && decidesAfter(definition, stage - 1);
    const late = max === undefined || decided ? 0 : lab.lateBy(before);
    if (late > 0 && !told) {
      const where = locate.protocol(['stages', stage, 'steps', index, 'wait', 'max']);
      const limit = `"${step.id}" must begin within ${durationText(max! * 1000)} of the end of "${before.step.id}"`;
      if (late === Infinity) report.failures.unshift(impossible(limit, where));
      else report.warnings.unshift(uncertain(limit, max! * 1000 + late, where));
    }
    told = late > 0;
  }
  return report;
}

function impossible(limit: string, where: string): Failure {
  const sentence = `${limit}, which cannot be planned even for one sample in an empty lab.`;
  const mend = 'Allow more time for it or for the limited waits that follow, or bring the devices closer together.';
  return failure('lab.incapable', sentence, { where, mend });
}

function uncertain(limit: string, needed: number, where: string): Failure {
  const text = durationText(needed);
  const sentence = `${limit}, which cannot be promised: one sample alone in the lab needs up to ${text}, if ways take long.`;
  const mend = `Allow ${text}, bring the devices closer together, or say by "late" what becomes of late samples.`;
  return failure('lab.incapable', sentence, { where, mend });
}

/** The lab of a definition with all its devices at work, no hours, and no sample but one. */
class EmptyLab {
  readonly #problem: LabProblem;
  readonly #state: CoreState;
  readonly #descriptors: Descriptors;
  readonly #point: ReturnType<typeof probePoints>[number];

  constructor(definition: Definition, descriptors: Descriptors) {
    const { lab } = definition;
    const always = Object.entries(lab.devices).map(([id, device]) => {
      const { hours: _, maintenance: __, attended: ___, avoid: ____, ...open } = device;
      return [id, open];
    });
    const open = { ...definition, lab: { ...lab, devices: Object.fromEntries(always) as typeof lab.devices } };
    const devices = [...descriptors].map(([device, body]) => {
      const context = { device, state: 'ready' as const, boot: '', descriptor: describe(body) };
      return [device, deviceMachine.resolveState({ value: 'usable', context })] as const;
    });
    this.#state = { ...initialState(), definition: open, devices: new Map(devices) };
    this.#problem = new LabProblem(open);
    this.#descriptors = descriptors;
    this.#point = probePoints(definition)[0]!;
  }

  /**
   * By how much the sample may be late after a step, ms, if the step is done on the device from which that is least. Infinity
   * when there is no plan at all, 0 where not enough is known.
   */
  lateBy(before: Placed): number {
    const ms = devicesFor(before.step, this.#descriptors).map((device) => this.#lateFrom(before, device));
    return ms.length === 0 ? 0 : Math.max(0, Math.min(...ms));
  }

  #lateFrom({ stage, index }: Placed, device: string): number {
    const problem = onlyOn(this.#problem.build(this.#with(stage, index, device), 0), device);
    const made = plan(problem);
    const [unplanned] = made.unplanned;
    if (unplanned !== undefined) return unplanned.cause === 'blocked' ? Infinity : 0;
    const scene = sceneOf(problem, made);
    const head = scene.next.get(sample);
    if (head?.kind !== 'process') return 0;
    const { ms } = outlook(scene, [head], new Set([sample])).shortfalls.get(sample) ?? { ms: 0 };
    // That nothing bounds it says nothing of durations.
    return ms === Infinity ? 0 : ms;
  }

  /** The state in which the sample stands at a device, to have a step done to it now. */
  #with(stage: number, step: number, location: string): CoreState {
    const at = this.#state.definition?.lab.transport === undefined ? {} : { location };
    const begun = { experiment: sample, number: 1, point: this.#point, itinerary: [], results: {}, begun: true };
    const context = { ...begun, ...at, stage, step, attempt: 1, notBefore: 0, sent: 0, aborting: false };
    const snapshot = experimentMachine.resolveState({ value: 'running', context });
    return { ...this.#state, experiments: new Map([[sample, snapshot]]) };
  }
}

/** The first step that is left is done there. */
function onlyOn(problem: SchedulingProblem, device: string): SchedulingProblem {
  const samples = problem.samples.map((task) => ({
    ...task,
    remaining: task.remaining.map((step, i) =>
      i > 0 ? step : { ...step, alternatives: step.alternatives.filter(({ resource }) => resource === device) },
    ),
  }));
  return { ...problem, samples };
}
