import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { VirtualClock } from '../../src/base/clock.ts';
import { describeFailure, type Failure } from '../../src/base/failure.ts';
import type { Definition } from '../../src/domain/campaign.ts';
import type { LabEvent } from '../../src/domain/event.ts';
import { loadDefinition } from '../../src/domain/load.ts';
import { inlineAdvisor, type Advisor } from '../../src/engine/advisor.ts';
import { Engine } from '../../src/engine/engine.ts';
import type { Searcher } from '../../src/engine/searcher.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import { memoryJournal, type Journal } from '../../src/wire/journal.ts';
import { simulateLab, type Simulation } from '../../simulators/lab.ts';
import { MemoryBroker, type MemoryBus } from '../../simulators/memory-bus.ts';
import { createWorld, type World } from '../../simulators/world.ts';

export const protocols = join(import.meta.dirname, '../../protocols');

export function definitionOf(name: string, change: (definition: Definition) => void = () => undefined): Definition {
  const loaded = loadDefinition(join(protocols, name, 'campaign.yaml'), (path) => readFileSync(path, 'utf8'));
  if (!loaded.ok) throw new Error(loaded.failures.map(describeFailure).join('\n'));
  const definition = structuredClone(loaded.value.definition);
  change(definition);
  return definition;
}

/** A whole lab in one process on a virtual clock: the real engine, ledger and wire, simulated instruments. */
export class WholeLab {
  readonly clock = new VirtualClock();
  readonly broker: MemoryBroker;
  readonly world: World;
  readonly journals = new Map<string, Journal>();
  readonly ledger: Ledger;
  readonly simulation: Simulation;
  readonly events: LabEvent[] = [];
  readonly counts = new Map<string, number>();

  readonly failures: Failure[] = [];
  engine!: Engine;
  bus!: MemoryBus;
  #starts = 0;

  readonly definition: Definition;

  constructor(definition: Definition, ledger: Ledger = Ledger.open(':memory:')) {
    this.definition = definition;
    this.world = createWorld({ lab: definition.lab });
    this.ledger = ledger;
    this.broker = new MemoryBroker({ clock: this.clock });
    this.simulation = simulateLab({
      lab: definition.lab,
      clock: this.clock,
      seed: definition.campaign.seed,
      world: this.world,
      connect: (clientId, will) => this.broker.connect({ clientId, ...(will === undefined ? {} : { will }) }),
      journalFor: (device) => {
        const journal = this.journals.get(device) ?? memoryJournal();
        this.journals.set(device, journal);
        return journal;
      },
    });
    void this.simulation.start();
  }

  /** Starts a controller, as a process would; the one before must have been killed. */
  startController(advisor: Advisor = inlineAdvisor(this.clock), searcher?: Searcher): Engine {
    const instance = `controller-${++this.#starts}`;
    this.bus = this.broker.connect({ clientId: instance });
    const { clock, bus, ledger, definition } = this;
    this.engine = new Engine({
      ledger,
      clock,
      bus,
      advisor,
      ...(searcher === undefined ? {} : { searcher }),
      site: definition.lab.site,
      instance,
      software: 'test',
      settleMs: 500,
      strict: true,
    });
    this.engine.subscribe((events) => {
      this.events.push(...events);
      for (const { type } of events) this.counts.set(type, this.count(type) + 1);
    });
    this.engine.onFatal((failure) => this.failures.push(failure));
    this.engine.start(definition, { origin: clock.now(), anchor: clock.now() });
    return this.engine;
  }

  /** Vanishes as a process does under SIGKILL. */
  killController(): void {
    this.bus.kill();
    this.engine.kill();
  }

  get finished(): boolean {
    return this.ledger.campaign()?.status === 'finished';
  }

  count(type: LabEvent['type']): number {
    return this.counts.get(type) ?? 0;
  }

  /** Until `count` events of a type have been appended; a day of lab time is long enough. */
  until(type: LabEvent['type'], count = 1): boolean {
    return this.clock.run(() => this.count(type) >= count, this.clock.now() + 24 * 3_600_000);
  }

  wait(minutes: number): void {
    this.clock.run(() => false, this.clock.now() + minutes * 60_000);
  }

  /** Until the campaign has ended, or `hours` of lab time have passed. */
  run(hours = 24): boolean {
    const ended = () => this.count('campaign.finished') > 0 || this.failures.length > 0;
    return this.clock.run(ended, this.clock.now() + hours * 3_600_000);
  }
}
