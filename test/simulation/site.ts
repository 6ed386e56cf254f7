import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeFailure, FailureError, type Failure } from '../../src/base/failure.ts';
import { inlineAdvisor } from '../../src/engine/advisor.ts';
import { Engine } from '../../src/engine/engine.ts';
import { inlineSearcher } from '../../src/engine/searcher.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import type { BusMessage } from '../../src/wire/bus.ts';
import { memoryJournal, type Journal } from '../../src/wire/journal.ts';
import { misfortuneOf } from '../../simulators/faults.ts';
import type { Effect } from '../../simulators/effects.ts';
import { simulateLab, type Simulation } from '../../simulators/lab.ts';
import { MemoryBroker, type MemoryBus } from '../../simulators/memory-bus.ts';
import { createWorld, type World } from '../../simulators/world.ts';
import { evenAdvisor } from './advisor.ts';
import { Duties } from './duties.ts';
import { MeterBench } from './meters.ts';
import { Killed, Misfortunes } from './misfortunes.ts';
import type { Plan } from './plan.ts';
import { SiteClock, SleepyProcess } from './process.ts';
import { Watch } from './watch.ts';

/** A controller as an operating system sees it. */
export interface Controller {
  readonly instance: string;
  readonly process: SleepyProcess;
  readonly bus: MemoryBus;
  readonly engine: Engine;
  readonly ledger: Ledger;
  /** Why it has ended by itself. */
  ended?: Failure;
}

/** A whole site on one clock: broker, instruments, and the controllers that come and go. */
export class Site {
  readonly plan: Plan;
  readonly clock = new SiteClock();
  readonly broker: MemoryBroker;
  readonly world: World;
  readonly effects: Effect[] = [];
  readonly watch: Watch;
  readonly misfortunes: Misfortunes;
  readonly meters: MeterBench;
  readonly duties = new Duties(() => this.clock.now());
  readonly simulation: Simulation;
  readonly problems: string[] = [];
  controller: Controller | undefined;
  readonly deposed: Controller[] = [];
  /** Instances whose word that they are there the broker has taken. */
  readonly announced = new Set<string>();
  readonly wakings: number[] = [];
  readonly #journals = new Map<string, Journal>();
  readonly #folder: string | undefined;
  #ledger: Ledger;
  #ledgerFile: string | undefined;
  #starts = 0;

  constructor(plan: Plan) {
    this.plan = plan;
    this.#folder = plan.onDisk ? mkdtempSync(join(tmpdir(), 'labwright-sim-')) : undefined;
    this.#ledgerFile = this.#folder === undefined ? undefined : join(this.#folder, 'ledger-0.db');
    this.#ledger = this.#open();
    const { clock } = this;
    this.broker = new MemoryBroker({ clock });
    this.broker.observe((message) => {
      const { instance, online } = wordOf(message) ?? {};
      if (instance !== undefined && online === true) this.announced.add(instance);
    });
    const lab = structuredClone(plan.definition.lab);
    this.world = createWorld({ lab });
    const record = this.world.record.bind(this.world);
    this.world.record = (device, at, happening, key) => {
      this.effects.push({ ...happening, device, at, ...(key === undefined ? {} : { key }) });
      record(device, at, happening, key);
    };
    this.misfortunes = new Misfortunes(this, lab);
    this.meters = new MeterBench(plan.definition.lab, this.world, clock);
    this.watch = new Watch(clock, this.misfortunes, (device, key) =>
      misfortuneOf(lab.devices[device as keyof typeof lab.devices]!.faults, plan.seed, device, key),
    );
    const { watch, misfortunes } = this;
    this.simulation = simulateLab({
      lab,
      clock,
      seed: plan.seed,
      world: this.world,
      connect: (clientId, will) => {
        const bus = this.broker.connect({ clientId, ...(will === undefined ? {} : { will }) });
        const metered = this.meters.tamper(clientId, bus);
        return clientId in lab.devices ? this.duties.device(clientId, metered) : metered;
      },
      journalFor: (device) => this.#journalFor(device),
      tampering: {
        crashAt: (device, point, key) => misfortunes.crashAt(device, point, key),
        describe: (device, body) => misfortunes.describe(device, body),
        driver: (device, driver) => watch.over(device, driver),
      },
    });
    void this.simulation.start();
  }

  get ledger(): Ledger {
    return this.controller?.ledger ?? this.#ledger;
  }

  #journalFor(device: string): Journal {
    const known = this.#journals.get(device);
    if (known !== undefined) return known;
    const journal = this.misfortunes.journal(device, memoryJournal());
    this.#journals.set(device, journal);
    return journal;
  }

  #open(): Ledger {
    if (this.#ledgerFile === undefined) return Ledger.open(':memory:');
    return Ledger.open(this.#ledgerFile, { create: true, durable: false });
  }

  /** Starts a device that is off; one that cannot start because its disk is full is tried again. */
  switchOn(device: string): void {
    try {
      void this.simulation.restart(device);
    } catch (error) {
      if (!(error instanceof FailureError)) throw error;
      this.simulation.crash(device);
      this.clock.after(30_000, () => this.switchOn(device));
    }
  }

  startController(): void {
    if (this.controller !== undefined) return;
    const { clock, plan } = this;
    const { definition } = plan;
    const instance = `controller-${++this.#starts}`;
    const ledger = this.misfortunes.disk(this.#ledger, instance);
    const process = new SleepyProcess(clock, () => this.wakings.push(clock.now()));
    const own = process.clock();
    const bus = this.duties.controller(this.broker.connect({ clientId: instance }));
    const engine = new Engine({
      ledger,
      clock: own,
      bus: process.bus(bus),
      advisor: plan.optimizer ? inlineAdvisor(own) : evenAdvisor(own),
      ...(plan.searchMs === undefined ? {} : { searcher: inlineSearcher(own, plan.searchMs) }),
      site: definition.lab.site,
      instance,
      software: 'simulation',
      settleMs: 500,
      strict: true,
    });
    const controller: Controller = { instance, process, bus, engine, ledger };
    this.controller = controller;
    engine.onFatal((failure) => this.#ended(controller, failure));
    engine.start(definition, { origin: clock.now(), anchor: clock.now() });
  }

  /** It has ended by itself, in an orderly way. */
  #ended(controller: Controller, failure: Failure): void {
    controller.ended = failure;
    controller.bus.kill();
    if (controller !== this.controller) return;
    this.controller = undefined;
    if (failure.code !== 'ledger.full')
      this.problems.push(`The controller ended although no other had taken over: ${describeFailure(failure)}`);
    this.#restartLater(5_000);
  }

  /** Vanishes as under SIGKILL; is started again a while later. */
  killController(downMs: number): void {
    const { controller } = this;
    if (controller === undefined) return;
    this.controller = undefined;
    controller.bus.kill();
    controller.engine.kill();
    this.#restartLater(downMs);
  }

  #restartLater(downMs: number): void {
    this.clock.after(downMs, () => {
      if (this.controller !== undefined) return;
      if (this.#ledgerFile !== undefined) {
        this.#ledger.close();
        this.#ledger = this.#open();
      }
      this.startController();
    });
  }

  /** Takes a copy of the ledger and starts another controller on it, while the first one still lives. */
  depose(): void {
    const { controller } = this;
    if (controller === undefined || this.#folder === undefined || this.#ledgerFile === undefined) return;
    const copy = join(this.#folder, `ledger-${this.#starts}.db`);
    for (const end of ['', '-wal'])
      if (existsSync(this.#ledgerFile + end)) copyFileSync(this.#ledgerFile + end, copy + end);
    this.#ledgerFile = copy;
    this.#ledger = this.#open();
    this.deposed.push(controller);
    this.controller = undefined;
    this.#freezeUntilReplaced(controller);
    this.startController();
  }

  /**
   * What an earlier controller does after its ledger was copied and before its successor has spoken nobody could ever
   * learn: whoever takes a copy makes sure that the earlier one stands still meanwhile.
   */
  #freezeUntilReplaced({ process, instance }: Controller): void {
    const wake = process.freeze();
    this.broker.observe((message) => {
      const said = wordOf(message)?.instance;
      const order = (name: string) => Number(name.split('-')[1]);
      // The word must have reached the devices, too.
      if (said !== undefined && order(said) > order(instance)) this.clock.after(5_000, wake);
    });
  }

  /** Until something holds or lab time `limit` (of the timeline) has come. Restarts controllers that are killed. */
  run(until: () => boolean, limit: number): boolean {
    for (;;) {
      try {
        return this.clock.timeline.run(() => until() || this.problems.length > 0 || this.#tooBusy(), limit);
      } catch (error) {
        if (!(error instanceof Killed)) throw error;
        if (this.controller?.instance === error.instance) this.killController(error.downMs);
        else this.deposed.find(({ instance }) => instance === error.instance)?.engine.kill();
      }
    }
  }

  #instant = 0;
  #steps = 0;

  /** Time that does not pass any more would keep this process busy for ever. */
  #tooBusy(): boolean {
    const now = this.clock.timeline.now();
    if (now !== this.#instant) {
      this.#instant = now;
      this.#steps = 0;
    }
    if (++this.#steps > 100_000) this.problems.push('The site is busy without end and lab time stands still.');
    return false;
  }

  close(): void {
    for (const { ledger } of this.deposed) ledger.close();
    this.#ledger.close();
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** What a controller says of itself. */
function wordOf({ topic, payload }: BusMessage): { instance?: string; online?: boolean } | undefined {
  if (!topic.includes('/ctl/')) return undefined;
  try {
    return (JSON.parse(payload) as object | null) ?? undefined;
  } catch {
    return undefined;
  }
}
