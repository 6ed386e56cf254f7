import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stream } from '../../src/base/random.ts';
import type { CrashPoint } from '../../src/wire/host.ts';
import type { CommandMessage, EventMessage } from '../../src/wire/messages.ts';
import { topics } from '../../src/wire/topics.ts';
import { createRig, type Rig } from './bench.ts';

/** What may happen to a device, in any order. */
type Move =
  | { move: 'send'; key: number; volume: number; epoch: number; ttlMs: number }
  | { move: 'repeat'; which: number; epoch: number }
  | { move: 'control'; op: 'cancel' | 'pause' | 'resume' | 'query' | 'forget' | 'halt'; key: number; epoch: number }
  | { move: 'crash'; at: CrashPoint | 'now' }
  | { move: 'boot' }
  | { move: 'lose'; ms: number }
  | { move: 'restartBroker'; ms: number }
  | { move: 'pass'; ms: number };

const key = fc.integer({ min: 1, max: 5 });
const epoch = fc.constantFrom(1, 1, 1, 2, 3);
const ms = fc.integer({ min: 0, max: 4000 });
const move: fc.Arbitrary<Move> = fc.oneof(
  fc.record({
    move: fc.constant('send' as const),
    key,
    volume: fc.constantFrom(1, 1, 1, 2, 500),
    epoch,
    ttlMs: fc.constantFrom(50, 5000, 60_000),
  }),
  fc.record({ move: fc.constant('repeat' as const), which: fc.nat(50), epoch }),
  fc.record({ move: fc.constant('repeat' as const), which: fc.nat(50), epoch }),
  fc.record({
    move: fc.constant('control' as const),
    op: fc.constantFrom('cancel', 'pause', 'resume', 'query', 'forget', 'forget', 'halt'),
    key: fc.integer({ min: 0, max: 5 }),
    epoch,
  }),
  fc.record({
    move: fc.constant('crash' as const),
    at: fc.constantFrom<(CrashPoint | 'now')[]>(
      'before_ack',
      'after_ack',
      'after_start',
      'after_effect',
      'after_journal',
      'now',
    ),
  }),
  fc.record({ move: fc.constant('boot' as const) }),
  fc.record({ move: fc.constant('lose' as const), ms }),
  fc.record({ move: fc.constant('restartBroker' as const), ms }),
  fc.record({ move: fc.constant('pass' as const), ms }),
  fc.record({ move: fc.constant('pass' as const), ms }),
);

/** Whether the device has a computer at work; `down` is set by simulated crashes. */
interface Life {
  rig: Rig;
  down: boolean;
  sent: CommandMessage[];
}

function play(life: Life, step: Move): void {
  const { rig, sent } = life;
  if (step.move === 'send') {
    const { volume, epoch, ttlMs } = step;
    sent.push(rig.send({ key: `k${step.key}`, parameters: { volume }, epoch, ttlMs }));
  } else if (step.move === 'repeat' && sent.length > 0)
    rig.say(topics.command('lab', 'pump'), { ...sent[step.which % sent.length], epoch: step.epoch });
  else if (step.move === 'control') rig.control(step.op, step.key === 0 ? undefined : `k${step.key}`, step.epoch);
  else if (step.move === 'crash' && step.at === 'now') stop(life);
  else if (step.move === 'crash') {
    const { at } = step;
    rig.faults = {
      crashAt: (point) => {
        if (point !== at) return false;
        rig.faults = {};
        life.down = true;
        return true;
      },
    };
  } else if (step.move === 'boot') start(life);
  else if (step.move === 'lose') rig.bus.lose(step.ms);
  else if (step.move === 'restartBroker') rig.broker.restart(step.ms);
  else if (step.move === 'pass') rig.pass(step.ms);
}

function stop(life: Life): void {
  if (!life.down) life.rig.crash();
  life.down = true;
}

function start(life: Life): void {
  stop(life);
  life.rig.boot();
  life.down = false;
}

function live(seed: number, moves: readonly Move[]): Life {
  const network = { stream: stream(seed, 'network'), duplicate: 0.2, delay: 0.3, maxDelayMs: 500, lose: 0.02 };
  const life: Life = { rig: createRig({ network }), down: false, sent: [] };
  for (const step of moves) play(life, step);
  // The storm is over: one last boot, and everything is asked for.
  life.rig.faults = {};
  life.rig.broker.faults = undefined;
  life.rig.pass(5000);
  start(life);
  life.rig.pass(30_000);
  life.rig.control('query', undefined, 9);
  life.rig.pass(1000);
  return life;
}

const keys = ['k1', 'k2', 'k3', 'k4', 'k5'];
const finals = (events: EventMessage[]) =>
  events.filter((event) => event.kind === 'result' || (event.kind === 'nack' && event.n > 0));

function check({ rig }: Life): void {
  for (const key of keys) {
    const events = rig.events(key);
    const acts = rig.world.acts.get(key) ?? 0;
    expect(acts, `acts of ${key}`).toBeLessThanOrEqual(1);
    const numbered = new Map<number, string>();
    for (const event of events.filter(({ n }) => n > 0)) {
      const text = JSON.stringify(event);
      expect(numbered.get(event.n) ?? text, `event ${event.n} of ${key}`).toBe(text);
      numbered.set(event.n, text);
    }
    const ends = new Set(finals(events).map((event) => JSON.stringify(event)));
    expect(ends.size, `ends of ${key}`).toBeLessThanOrEqual(1);
    const [end] = finals(events);
    if (end?.kind === 'nack') expect(acts, `acts of the refused ${key}`).toBe(0);
    if (end?.kind === 'result' && end.outcome === 'ok') expect(acts, `acts of ${key}, which is ok`).toBe(1);
    if (end?.kind === 'result' && end.error?.code === 'not_started') expect(acts).toBe(0);
  }
  expect(rig.host.running).toEqual([]);
}

describe('whatever is sent, repeated, delayed, lost or killed', () => {
  it('a key acts at most once, ends at most once, and ends as it has acted', () => {
    fc.assert(
      fc.property(fc.nat(), fc.array(move, { maxLength: 60 }), (seed, moves) => check(live(seed, moves))),
      { numRuns: 300 },
    );
  });

  it('the same seed tells the same story', () => {
    fc.assert(
      fc.property(fc.nat(), fc.array(move, { maxLength: 30 }), (seed, moves) => {
        expect(live(seed, moves).rig.heard).toEqual(live(seed, moves).rig.heard);
      }),
      { numRuns: 30 },
    );
  });
});
