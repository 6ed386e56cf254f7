import { failure, FailureError } from '../../src/base/failure.ts';
import { stream, type Stream } from '../../src/base/random.ts';
import type { DescriptorBody } from '../../src/domain/descriptor.ts';
import type { ExperimentId } from '../../src/domain/ids.ts';
import type { Fault, Lab } from '../../src/domain/lab.ts';
import type { Order } from '../../src/domain/order.ts';
import type { DriverOutcome } from '../../src/wire/driver.ts';
import type { CrashPoint } from '../../src/wire/host.ts';
import type { Journal } from '../../src/wire/journal.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { Noise } from './noise.ts';
import type { FaultKind } from './plan.ts';
import type { Site } from './site.ts';

/** The controller's process has died in the middle of what it was doing. */
export class Killed extends Error {
  readonly instance: string;
  readonly downMs: number;

  constructor(instance: string, downMs: number) {
    super(`${instance} was killed`);
    this.instance = instance;
    this.downMs = downMs;
  }
}

/** Faults that the lab itself declares, by their name here. */
const declared: readonly (readonly [FaultKind, Fault['kind']])[] = [
  ['crash_at_work', 'crash'],
  ['hang', 'hang'],
  ['refusal', 'refusal'],
  ['slow', 'slow'],
  ['lost_reply', 'lost_reply'],
];

const noRoom = (where: string) =>
  new FailureError(failure('ledger.full', 'The disk has no room.', { where, mend: 'Free some space.' }));

const minutes = (n: number): number => Math.round(n * 60_000);

/** Lets things go wrong until the plan says that it is enough, and counts what did. */
export class Misfortunes {
  readonly hits: Partial<Record<FaultKind, number>> = {};
  readonly #site: Site;
  readonly #lab: Lab;
  readonly #noise: Noise;
  readonly #streams = new Map<FaultKind, Stream>();
  readonly #full = new Set<string>();
  readonly #narrowed = new Map<string, DescriptorBody>();
  readonly #narrow = new Set<string>();
  readonly #transactions = new WeakMap<Ledger, Ledger['transaction']>();
  #over = false;
  #turns = 0;

  constructor(site: Site, lab: Lab) {
    this.#site = site;
    this.#lab = lab;
    this.#noise = new Noise(site);
    const { faults } = site.plan;
    for (const device of Object.values(lab.devices))
      for (const [kind, name] of declared)
        if (faults[kind] !== undefined) device.faults.push({ kind: name, probability: Math.min(0.7, faults[kind]) });
    this.#troubleNetwork();
  }

  get over(): boolean {
    return this.#over;
  }

  hit(kind: FaultKind): void {
    this.hits[kind] = (this.hits[kind] ?? 0) + 1;
  }

  #stream(kind: FaultKind): Stream {
    const known = this.#streams.get(kind) ?? stream(this.#site.plan.seed, `fault/${kind}`);
    this.#streams.set(kind, known);
    return known;
  }

  /** Whether it strikes now: a chance per occasion. */
  #strikes(kind: FaultKind): boolean {
    const chance = this.#site.plan.faults[kind];
    if (chance === undefined || this.#over || !this.#stream(kind).chance(chance)) return false;
    this.hit(kind);
    return true;
  }

  #troubleNetwork(): void {
    const { broker, plan } = this.#site;
    const { lost_connection: lose = 0, delay = 0, duplicate = 0 } = plan.faults;
    if (lose + delay + duplicate === 0) return;
    const random = stream(plan.seed, 'network');
    const counting = (kind: FaultKind, chance: number) => {
      if (chance > 0 && random.chance(chance)) this.hit(kind);
      else return false;
      return true;
    };
    const asked = { lose, delay, duplicate };
    broker.faults = {
      ...asked,
      maxDelayMs: random.pick([200, 2_000, 20_000]),
      reconnectMs: random.pick([250, 3_000, 60_000]),
      stream: {
        ...random,
        chance: (p) => counting(p === lose ? 'lost_connection' : p === delay ? 'delay' : 'duplicate', p),
      },
    };
  }

  crashAt(device: string, point: CrashPoint, _key: string): boolean {
    return this.#lab.devices[device as keyof Lab['devices']] !== undefined && this.#strikes(`crash_${point}`);
  }

  /** The device's disk. */
  journal(device: string, journal: Journal): Journal {
    return {
      append: (record) => {
        if (this.#full.has(device)) throw noRoom(device);
        journal.append(record);
      },
      records: () => journal.records(),
      compact: (keep) => {
        if (this.#full.has(device)) throw noRoom(device);
        journal.compact(keep);
      },
    };
  }

  /** The controller's disk, which may be full, and its process, which may die before or after a commit. */
  disk(ledger: Ledger, instance: string): Ledger {
    const whole = this.#transactions.get(ledger) ?? ledger.transaction.bind(ledger);
    this.#transactions.set(ledger, whole);
    ledger.transaction = <T>(work: () => T): T => {
      this.#turns += 1;
      const before = ledger.lastSeq();
      let after = false;
      const result = whole(() => {
        const value = work();
        if (ledger.lastSeq() === before) return value;
        if (this.#strikes('killed_before_commit')) throw this.#death('killed_before_commit', instance);
        if (this.#strikes('disk_full')) throw noRoom('the ledger');
        after = this.#strikes('killed_after_commit');
        return value;
      });
      if (after) throw this.#death('killed_after_commit', instance);
      return result;
    };
    return ledger;
  }

  /** How often a controller has turned its loop, over all its lives. */
  get turns(): number {
    return this.#turns;
  }

  #death(kind: FaultKind, instance: string): Killed {
    return new Killed(instance, this.#stream(kind).integer(minutes(2)));
  }

  describe(device: string, body: DescriptorBody): DescriptorBody {
    if (!this.#narrow.has(device)) return body;
    const narrowed = this.#narrowed.get(device) ?? halved(body);
    this.#narrowed.set(device, narrowed);
    return narrowed;
  }

  outcome(_key: string, outcome: DriverOutcome): DriverOutcome {
    if (outcome.outcome === 'ok' && this.#strikes('bad_result')) return { ...outcome, result: { nonsense: 'yes' } };
    if (outcome.outcome === 'ok' && this.#strikes('large_result'))
      return { ...outcome, result: { ...outcome.result, padding: 'x'.repeat(1_100_000) } };
    return outcome;
  }

  /** Lets what happens at any time happen from now on. */
  begin(): void {
    for (const [name, perHour] of Object.entries(this.#site.plan.faults)) {
      const kind = name as FaultKind;
      if (this.#timed[kind] !== undefined) this.#again(kind, perHour);
    }
    this.#site.clock.after(this.#site.plan.faultsEnd, () => this.end());
  }

  /** From now on nothing goes wrong by itself. */
  end(): void {
    this.#over = true;
    const { broker, simulation } = this.#site;
    broker.faults = undefined;
    for (const device of Object.values(this.#lab.devices)) device.faults.splice(0);
    this.#full.clear();
    const described = [...this.#narrow];
    this.#narrow.clear();
    for (const device of described) simulation.announce(device);
    for (const device of Object.keys(this.#lab.devices)) this.#site.switchOn(device);
  }

  #again(kind: FaultKind, perHour: number): void {
    const random = this.#stream(kind);
    const wait = (-Math.log(1 - random.next()) * 3_600_000) / perHour;
    this.#site.clock.after(Math.max(1, wait), () => {
      if (this.#over) return;
      this.hit(kind);
      this.#timed[kind]!(random);
      this.#again(kind, perHour);
    });
  }

  #device(random: Stream): string {
    return random.pick(Object.keys(this.#lab.devices));
  }

  #order(order: Order): void {
    this.#site.controller?.engine.order(order, 'operator');
  }

  /** An experiment that is open or was; one after the other has its turn. */
  #prioritize(random: Stream): void {
    const open = [...(this.#site.controller?.engine.state.experiments.keys() ?? [])];
    const experiment = (open.length === 0 ? 'e-0001' : random.pick(open)) as ExperimentId;
    this.#order({ op: 'prioritize', experiment, priority: random.integer(19) - 9 });
  }

  readonly #timed: Partial<Record<FaultKind, (random: Stream) => void>> = {
    broker_restart: (random) => this.#site.broker.restart(random.integer(minutes(1))),
    stale_retained: (random) => this.#noise.restoreOld(random),
    noise: (random) => this.#noise.say(random),
    power_cut: (random) => {
      const device = this.#device(random);
      this.#site.simulation.crash(device);
      this.#site.clock.after(random.integer(minutes(5)), () => this.#site.switchOn(device));
    },
    journal_full: (random) => {
      const device = this.#device(random);
      this.#full.add(device);
      this.#site.clock.after(random.integer(minutes(5)), () => this.#full.delete(device));
    },
    descriptor_change: (random) => {
      const device = this.#device(random);
      if (!this.#narrow.delete(device)) this.#narrow.add(device);
      this.#site.simulation.announce(device);
    },
    meter_reset: (random) => this.#site.meters.reset(this.#device(random)),
    meter_gap: (random) => this.#site.meters.silence(this.#device(random), minutes(6) + random.integer(minutes(20))),
    killed: (random) => this.#site.killController(random.integer(minutes(3))),
    suspended: (random) => this.#site.controller?.process.suspend(random.integer(minutes(3))),
    second_controller: (random) => this.#second(random),
    clock_jump: (random) => this.#site.clock.leap(random.integer(minutes(random.pick([0.1, 2, 20])))),
    pause: (random) => {
      this.#order({ op: 'pause' });
      this.#site.clock.after(random.integer(minutes(20)), () => this.#order({ op: 'resume' }));
    },
    stop: () => this.#order({ op: 'stop' }),
    abort: () => this.#order({ op: 'abort' }),
    halt: () => this.#order({ op: 'halt' }),
    prioritize: (random) => this.#prioritize(random),
    // Some are never unpinned: a campaign has to come to its end all the same.
    pin: (random) => {
      this.#order({ op: 'pin' });
      const after = random.integer(minutes(60));
      if (random.chance(0.7)) this.#site.clock.after(after, () => this.#order({ op: 'unpin' }));
    },
  };

  /** The first one is cut off, asleep or well when another takes its place. */
  #second(random: Stream): void {
    const { controller, clock } = this.#site;
    if (controller === undefined) return;
    const away = random.integer(minutes(5));
    const how = random.integer(3);
    if (how === 0) controller.bus.lose(away);
    if (how === 1) controller.process.suspend(away);
    clock.after(random.integer(20_000), () => {
      // Nobody takes over from one that has not even begun.
      const begun = this.#site.announced.has(controller.instance);
      if (this.#site.controller === controller && begun && !this.#over) this.#site.depose();
    });
  }
}

/** The same device with half of every upper limit. */
function halved(body: DescriptorBody): DescriptorBody {
  const narrow = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(narrow);
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => [
        name,
        name === 'maximum' && typeof member === 'number' ? member / 2 : narrow(member),
      ]),
    );
  };
  const capabilities = body.capabilities.map((capability) => ({
    ...capability,
    parameters: narrow(capability.parameters) as typeof capability.parameters,
  }));
  return { ...body, capabilities };
}
