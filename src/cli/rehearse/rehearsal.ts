import { VirtualClock } from '../../base/clock.ts';
import { FailureError, type Failure } from '../../base/failure.ts';
import { closedSpans } from '../../domain/calendar.ts';
import type { Definition } from '../../domain/campaign.ts';
import { union } from '../../domain/hours.ts';
import type { Fault } from '../../domain/lab.ts';
import type { Command } from '../../domain/event.ts';
import type { ExperimentId } from '../../domain/ids.ts';
import type { CommandContext } from '../../control/command.ts';
import { inlineAdvisor } from '../../engine/advisor.ts';
import { Engine } from '../../engine/engine.ts';
import { Ledger } from '../../ledger/ledger.ts';
import type { Bus } from '../../wire/bus.ts';

/** A simulated lab on a virtual clock, as the composition root builds it. */
export interface VirtualLab {
  connect(client: string): Bus;
  /** What an honest person would find when looking: whether a command has happened. */
  truthOf(key: string): 'happened' | 'partly' | 'not_happened';
  /** The hand of a person. */
  put(sample: string, place: string): void;
  remove(sample: string): void;
  /** Switches a device off and on. */
  restart(device: string): void;
  close(): void;
}
export type BuildLab = (definition: Definition, clock: VirtualClock) => VirtualLab;

export const faultProfiles = ['none', 'typical', 'harsh'] as const;
export type FaultProfile = (typeof faultProfiles)[number];

/** Chances per command; what the lab file itself asks for stays. */
const profiles: Readonly<Record<FaultProfile, readonly Fault[]>> = {
  none: [],
  typical: [
    { kind: 'slow', probability: 0.03, amount: 1.3 },
    { kind: 'refusal', probability: 0.01 },
    { kind: 'lost_reply', probability: 0.005 },
    { kind: 'crash', probability: 0.002 },
  ],
  harsh: [
    { kind: 'slow', probability: 0.1, amount: 1.5 },
    { kind: 'refusal', probability: 0.05 },
    { kind: 'lost_reply', probability: 0.03 },
    { kind: 'hang', probability: 0.01 },
    { kind: 'crash', probability: 0.01 },
  ],
};

export function withFaults(definition: Definition, profile: FaultProfile): Definition {
  const devices = Object.fromEntries(
    Object.entries(definition.lab.devices).map(([id, device]) => [
      id,
      { ...device, faults: [...device.faults, ...profiles[profile]] },
    ]),
  ) as Definition['lab']['devices'];
  return { ...definition, lab: { ...definition.lab, devices } };
}

/** How long it takes a person to answer for a command in doubt, lab ms. */
const personMs = 20 * 60_000;
/** A lab in which nothing has happened for so long, all of it open, is stuck, lab ms. */
const patienceMs = 3 * 86_400_000;
/** No closed device is waited for longer than that, lab ms. */
const longestClosedMs = 90 * 86_400_000;

/** When a lab is stuck in which nothing happens from now on, lab ms: it may wait for devices that are closed. */
function stuckAt({ lab }: Definition, now: number): number {
  const within = { from: now, to: now + longestClosedMs };
  const closed = union(Object.keys(lab.devices).flatMap((id) => closedSpans(lab, id, within)));
  return closed.reduce((at, { from, to }) => (from > at ? at : at + to - from), now + patienceMs);
}

export interface Rehearsed {
  readonly ledger: Ledger;
  readonly finished: boolean;
  /** Questions that a person had to answer. */
  readonly questions: number;
}

/** A person looks, puts what hangs in the air where it was to go, and takes away what is half done. */
function look(lab: VirtualLab, { key, kind, experiment, to }: Command): 'happened' | 'not_happened' | 'discard' {
  if (kind === 'move' && to !== undefined) {
    lab.put(experiment, to);
    return 'happened';
  }
  const truth = lab.truthOf(key);
  if (truth !== 'partly') return truth;
  lab.remove(experiment);
  return 'discard';
}

/** The whole campaign with the real controller, on a virtual clock from `start` (lab ms) on. Throws FailureError where the controller gives up. */
export function rehearseOnce(
  definition: Definition,
  build: BuildLab,
  onProgress: (completed: number) => void = () => undefined,
  start?: number,
): Rehearsed {
  const clock = new VirtualClock(start);
  const lab = build(definition, clock);
  const ledger = Ledger.open(':memory:');
  const engine = new Engine({
    ledger,
    clock,
    bus: lab.connect('controller'),
    advisor: inlineAdvisor(clock),
    site: definition.lab.site,
    instance: 'rehearsal',
    software: 'rehearsal',
    settleMs: 500,
  });
  let finished = false;
  let problem: Failure | undefined;
  let completed = 0;
  const questions = new Set<string>();
  let patience = clock.now() + patienceMs;
  let stuck: number | undefined;
  const answer = ({ command, doubtBy }: CommandContext) => {
    // A device that has fallen silent may still be at it.
    if (doubtBy === 'controller') lab.restart(command.device);
    engine.order({ op: 'resolve', key: command.key, as: look(lab, command) }, 'rehearsal');
  };
  const decide = (experiment: ExperimentId) => engine.order({ op: 'decide', experiment, as: 'discard' }, 'rehearsal');
  engine.onFatal((failure) => (problem = failure));
  engine.subscribe((events) => {
    patience = clock.now() + patienceMs;
    stuck = undefined;
    for (const event of events) {
      if (event.type === 'campaign.finished') finished = true;
      if (event.type === 'experiment.completed') onProgress(++completed);
      if (event.type !== 'experiment.late' || event.data.then !== 'ask') continue;
      questions.add(`${event.data.experiment} ${event.seq}`);
      clock.after(personMs, () => decide(event.data.experiment));
    }
    for (const [key, { value, context }] of engine.state.commands)
      if (value === 'doubtful' && !questions.has(key)) {
        questions.add(key);
        clock.after(personMs, () => answer(context));
      }
  });
  engine.start(definition);
  const isStuck = () => clock.now() > patience && clock.now() > (stuck ??= stuckAt(definition, patience - patienceMs));
  clock.run(() => finished || problem !== undefined || isStuck());
  engine.close();
  lab.close();
  if (problem !== undefined) throw new FailureError(problem);
  return { ledger, finished, questions: questions.size };
}
