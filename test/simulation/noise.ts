import type { Stream } from '../../src/base/random.ts';
import type { BusMessage } from '../../src/wire/bus.ts';
import type { Site } from './site.ts';

const mostRemembered = 300;

/** A client that says nonsense, and a broker that brings back what it once retained. */
export class Noise {
  readonly #site: Site;
  readonly #heard: BusMessage[] = [];
  readonly #retained: { topic: string; payload: string }[] = [];

  constructor(site: Site) {
    this.#site = site;
    const { faults } = site.plan;
    if (faults.noise === undefined && faults.stale_retained === undefined) return;
    site.broker.observe((message) => {
      this.#heard[this.#heard.length % mostRemembered] = message;
      if (!/\$state$|\$descriptor$|\/meter\//.test(message.topic) || this.#retained.length > 1000) return;
      this.#retained.push({ topic: message.topic, payload: message.payload });
    });
  }

  /** Something that was said before, spoiled. */
  say(random: Stream): void {
    if (this.#heard.length === 0) return;
    const { topic, payload } = random.pick(this.#heard);
    this.#site.broker.take(topic, spoiled(payload, random), false);
  }

  /** The broker is restored from an old copy of its disk: topics hold what they held at some time before. */
  restoreOld(random: Stream): void {
    const { broker, clock } = this.#site;
    if (this.#retained.length === 0) return;
    const upTo = 1 + random.integer(this.#retained.length);
    const old = new Map(this.#retained.slice(0, upTo).map(({ topic, payload }) => [topic, payload]));
    const downMs = random.integer(20_000);
    broker.restart(downMs);
    clock.after(downMs, () => {
      for (const [topic, payload] of old) broker.take(topic, payload, true);
    });
  }
}

function spoiled(payload: string, random: Stream): string {
  switch (random.integer(7)) {
    case 0:
      return payload.slice(0, random.integer(payload.length + 1));
    case 1:
      return '';
    case 2:
      return '{"kind":"result","n":"many"}';
    case 3:
      return 'null';
    case 4:
      return payload.replaceAll(/:\s*"/g, ':{"');
    case 5:
      return random.chance(0.1) ? `{"kind":"result","padding":"${'x'.repeat(1_100_000)}"}` : '[]';
    default:
      return payload.replaceAll(/"(\w+)":/g, (_, name: string) => `"${name.slice(1)}":`);
  }
}
