import { VirtualClock } from '../../base/clock.ts';
import { FailureError, type Failure } from '../../base/failure.ts';
import { closedSpans } from '../../domain/calendar.ts';
import type { Definition } from '../../domain/campaign.ts';
import { union } from '../../domain/hours.ts';
import type { Fault } from '../../domain/lab.ts';
import { inlineAdvisor } from '../../engine/advisor.ts';
import { Engine } from '../../engine/engine.ts';
import { inlineSearcher } from '../../engine/searcher.ts';
import { Ledger } from '../../ledger/ledger.ts';
import type { Bus } from '../../wire/bus.ts';
import { EnergyCurve, type EnergyPoint } from './energy.ts';
import { Person, type PersonQuestion } from './questions.ts';

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

/** A thread beside a real campaign finds a better plan, if there is one, in about a second. */
const searchMs = 1000;

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
  readonly questions: readonly PersonQuestion[];
  readonly energy: readonly EnergyPoint[];
}

export interface RehearseOptions {
  /** Lab time at which the campaign begins; that of the virtual clock when absent. */
  readonly startAt?: number;
  /** How long the optimizer takes for an answer, lab ms; no time when absent. */
  readonly answerMs?: number;
  readonly onProgress?: (completed: number) => void;
}

/** The whole campaign with the real controller, on a virtual clock. Throws FailureError where the controller gives up. */
export function rehearseOnce(definition: Definition, build: BuildLab, options: RehearseOptions = {}): Rehearsed {
  const clock = new VirtualClock(options.startAt);
  const lab = build(definition, clock);
  const ledger = Ledger.open(':memory:');
  const engine = new Engine({
    ledger,
    clock,
    bus: lab.connect('controller'),
    advisor: inlineAdvisor(clock, options.answerMs),
    searcher: inlineSearcher(clock, searchMs),
    site: definition.lab.site,
    instance: 'rehearsal',
    software: 'rehearsal',
    settleMs: 500,
  });
  const person = new Person(engine, lab, definition, clock);
  const energy = new EnergyCurve(ledger);
  let finished = false;
  let problem: Failure | undefined;
  let completed = 0;
  let lastEvent = clock.now();
  let stuck: number | undefined;
  engine.onFatal((failure) => (problem = failure));
  engine.subscribe((events) => {
    lastEvent = clock.now();
    stuck = undefined;
    for (const event of events) {
      if (event.type === 'campaign.finished') finished = true;
      if (event.type === 'experiment.completed') options.onProgress?.(++completed);
    }
    energy.note(lastEvent);
    person.see(events);
  });
  engine.start(definition);
  const isStuck = () => {
    const since = Math.max(lastEvent, person.busyUntil);
    return clock.now() > since + patienceMs && clock.now() > (stuck ??= stuckAt(definition, since));
  };
  clock.run(() => finished || problem !== undefined || isStuck());
  engine.close();
  lab.close();
  if (problem !== undefined) throw new FailureError(problem);
  const begun = ledger.campaign()!.openedAt;
  return { ledger, finished, questions: person.questions(begun), energy: energy.end(lastEvent) };
}
