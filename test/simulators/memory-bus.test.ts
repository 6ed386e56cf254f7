import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../src/base/clock.ts';
import { stream } from '../../src/base/random.ts';
import { MemoryBroker, type MemoryFaults } from '../../simulators/memory-bus.ts';

function bench(faults?: MemoryFaults) {
  const clock = new VirtualClock(0);
  const broker = new MemoryBroker({ clock, ...(faults === undefined ? {} : { faults }) });
  const heard: string[] = [];
  const listen = (clientId: string, filter: string) => {
    const bus = broker.connect({ clientId });
    bus.subscribe(filter, ({ topic, payload, retained }) =>
      heard.push(`${clientId} ${topic}=${payload}${retained ? ' (retained)' : ''}`),
    );
    return bus;
  };
  return { clock, broker, heard, listen };
}

describe('the memory bus', () => {
  it('delivers in order, later than publish, and reports when the broker has the message', () => {
    const { clock, broker, heard, listen } = bench();
    listen('a', 'x/+');
    listen('b', '#');
    const sender = broker.connect({ clientId: 's' });
    clock.run();
    let taken = 0;
    sender.publish('x/1', 'one', {}, () => taken++);
    sender.publish('x/2', 'two', {}, () => taken++);
    sender.publish('y', 'three');
    expect(heard).toEqual([]);
    clock.run();
    expect(heard).toEqual(['a x/1=one', 'b x/1=one', 'a x/2=two', 'b x/2=two', 'b y=three']);
    expect(taken).toBe(2);
  });

  it('queues while offline, up to a limit that it names', () => {
    const { clock, heard } = bench();
    const small = new MemoryBroker({ clock, queueLimit: 1 });
    const sender = small.connect({ clientId: 's' });
    const errors: string[] = [];
    small.connect({ clientId: 'r' }).subscribe('x', ({ payload }) => heard.push(payload));
    sender.publish('x', 'kept');
    sender.publish('x', 'refused', {}, (error) => errors.push(error!.message));
    expect(errors).toEqual([]);
    clock.run();
    expect(heard).toEqual(['kept']);
    expect(errors).toEqual(['x: The broker is away and 1 messages wait already.']);
  });

  it('gives retained messages to who comes later, and forgets them when emptied', () => {
    const { clock, broker, heard, listen } = bench();
    const sender = broker.connect({ clientId: 's' });
    sender.publish('state', 'ready', { retain: true });
    clock.run();
    listen('late', 'state');
    clock.run();
    expect(heard).toEqual(['late state=ready (retained)']);
    sender.publish('state', '', { retain: true });
    clock.run();
    expect(broker.retained.size).toBe(0);
  });

  it('publishes the will of a killed client after what it had sent, and not after a close', async () => {
    const { clock, broker, heard, listen } = bench();
    listen('a', '#');
    const victim = broker.connect({ clientId: 'v', will: { topic: 'state', payload: 'lost' } });
    const leaver = broker.connect({ clientId: 'l', will: { topic: 'other', payload: 'lost' } });
    clock.run();
    victim.publish('last', 'words');
    victim.kill();
    leaver.publish('good', 'bye');
    const closed = leaver.close();
    clock.run();
    await closed;
    clock.run();
    expect(heard).toEqual(['a last=words', 'a state=lost', 'a good=bye']);
    expect(broker.retained.get('state')).toBe('lost');
    expect(victim.connected).toBe(false);
  });

  it('comes back after a lost connection, subscribed, and sends again what was not acknowledged', () => {
    const { clock, broker, heard, listen } = bench();
    const receiver = listen('r', '#');
    const sender = broker.connect({ clientId: 's', will: { topic: 'w', payload: 'lost' } });
    const story: string[] = [];
    sender.onConnect(() => story.push('connect'));
    sender.onDisconnect(() => story.push('disconnect'));
    clock.run();
    let taken = 0;
    sender.publish('x', '1', {}, () => taken++);
    sender.lose(100);
    sender.publish('x', '2', {}, () => taken++);
    clock.run();
    expect(story).toEqual(['connect', 'disconnect', 'connect']);
    expect(heard).toEqual(['r w=lost', 'r x=1', 'r x=2']);
    expect(taken).toBe(2);
    receiver.lose(10);
    clock.run();
    sender.publish('x', '3');
    clock.run();
    expect(heard.at(-1)).toBe('r x=3');
  });

  it('restarts: forgets retained messages, drops everybody without wills, and they come back', () => {
    const { clock, broker, heard, listen } = bench();
    const bus = listen('r', '#');
    const device = broker.connect({ clientId: 'd', will: { topic: 'w', payload: 'lost' } });
    device.publish('state', 'ready', { retain: true });
    clock.run();
    broker.restart(500);
    expect(bus.connected).toBe(false);
    expect(broker.retained.size).toBe(0);
    device.publish('x', 'queued');
    clock.run();
    expect(heard).toEqual(['r state=ready', 'r x=queued']);
  });

  it('throws out the older client of the same id, and lets people unsubscribe', () => {
    const { clock, broker, heard, listen } = bench();
    const first = listen('same', 'x');
    clock.run();
    const second = broker.connect({ clientId: 'same' });
    const stop = second.subscribe('x', ({ payload }) => heard.push(payload));
    clock.run();
    expect(first.connected).toBe(false);
    second.publish('x', 'heard');
    clock.run();
    stop();
    clock.run();
    second.publish('x', 'unheard');
    clock.run();
    expect(heard).toEqual(['heard']);
  });

  it('calls a late listener asynchronously, and tells observers everything', () => {
    const { clock, broker } = bench();
    const bus = broker.connect({ clientId: 'a' });
    clock.run();
    const seen: string[] = [];
    broker.observe(({ topic }) => seen.push(topic));
    let called = false;
    bus.onConnect(() => {
      called = true;
    });
    expect(called).toBe(false);
    bus.publish('x', '');
    clock.run();
    expect(called).toBe(true);
    expect(seen).toEqual(['x']);
  });

  const stormy = (seed: number) => {
    const faults = { stream: stream(seed, 'net'), duplicate: 0.2, delay: 0.3, maxDelayMs: 50, lose: 0.05 };
    const { clock, broker, heard, listen } = bench(faults);
    listen('r', '#');
    const sender = broker.connect({ clientId: 's', will: { topic: 'w', payload: 'lost' } });
    clock.run();
    const acknowledged: string[] = [];
    for (let i = 0; i < 200; i++)
      clock.after(10 * i, () => sender.publish('x', String(i), {}, () => acknowledged.push(String(i))));
    clock.run();
    return { heard, acknowledged };
  };

  it('loses nothing of a sender, duplicates and reorders, and the same seed gives the same storm', () => {
    const { heard, acknowledged } = stormy(1);
    expect(new Set(acknowledged).size).toBe(200);
    expect(acknowledged.length).toBe(200);
    const values = heard.filter((line) => line.includes('x=')).map((line) => Number(line.split('=')[1]));
    expect(new Set(values).size).toBe(200);
    expect(values.length).toBeGreaterThan(220);
    expect(values.some((value, index) => value < (values[index - 1] ?? 0))).toBe(true);
    expect(heard.filter((line) => line.includes('w=')).length).toBeGreaterThan(3);
    expect(stormy(1)).toEqual({ heard, acknowledged });
    expect(stormy(2)).not.toEqual({ heard, acknowledged });
  });
});
