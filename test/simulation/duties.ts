import type { MemoryBus } from '../../simulators/memory-bus.ts';
import { wrapped } from './wrapped-bus.ts';

/** What a controller has said to a device of one command, and when. */
export interface Mention {
  readonly at: number;
  readonly key: string;
  readonly epoch: number;
  /** cmd, or what was asked on ctl. */
  readonly kind: string;
}

const fieldsOf = (payload: string): { key?: string; epoch?: number; op?: string; kind?: string } => {
  try {
    return (JSON.parse(payload) as object | null) ?? {};
  } catch {
    return {};
  }
};

/** Listens at the sockets of all processes: duties of the contract that leave no trace in the world or in the books. */
export class Duties {
  readonly mentions: Mention[] = [];
  readonly neglected: string[] = [];
  readonly #now: () => number;
  /** By device: the highest epoch that it has said it obeys. */
  readonly #epochs = new Map<string, number>();
  /** By device: keys whose result was said and not yet forgotten. */
  readonly #told = new Map<string, Set<string>>();

  constructor(now: () => number) {
    this.#now = now;
  }

  controller(bus: MemoryBus): MemoryBus {
    return wrapped(bus, {
      publish: (topic, payload, options, done) => {
        const { key, epoch = 0, op = 'cmd' } = /\/(cmd|ctl)$/.test(topic) ? fieldsOf(payload) : {};
        if (key !== undefined) this.mentions.push({ at: this.#now(), key, epoch, kind: op });
        bus.publish(topic, payload, options, done);
      },
    });
  }

  device(device: string, bus: MemoryBus): MemoryBus {
    const told = this.#told.get(device) ?? new Set<string>();
    this.#told.set(device, told);
    let said = new Set<string>();
    let acknowledged = new Set<string>();
    return wrapped(bus, {
      publish: (topic, payload, options, done) => {
        const key = /\/evt\/([^/]+)$/.exec(topic)?.[1];
        const { kind, epoch = 0 } = fieldsOf(payload);
        if (topic.endsWith('/$state')) this.#epochs.set(device, Math.max(epoch, this.#epochs.get(device) ?? 0));
        if (key !== undefined && kind === 'result') {
          told.add(key);
          said.add(key);
        }
        if (key !== undefined && kind !== 'nack') acknowledged.add(key);
        bus.publish(topic, payload, options, done);
      },
      subscribe: (pattern, handler) =>
        bus.subscribe(pattern, (message) => {
          const { op, key } = message.topic.endsWith('/ctl') ? fieldsOf(message.payload) : {};
          if (op === 'forget' && key !== undefined) told.delete(key);
          acknowledged = new Set();
          handler(message);
          const command = message.topic.endsWith('/cmd') ? fieldsOf(message.payload) : {};
          if ((command.epoch ?? Infinity) < (this.#epochs.get(device) ?? 0) && acknowledged.has(command.key ?? ''))
            this.neglected.push(`${device} has obeyed epoch ${command.epoch} after epoch ${this.#epochs.get(device)}.`);
        }),
      onConnect: (listener) =>
        bus.onConnect(() => {
          said = new Set();
          listener();
          const missing = [...told].find((key) => !said.has(key));
          if (missing !== undefined)
            this.neglected.push(`${device} has connected and not said the result of ${missing} again.`);
        }),
    });
  }
}
