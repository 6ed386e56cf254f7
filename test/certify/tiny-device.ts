import { uniqueId } from '../../src/base/random.ts';
import { describe, schemaViolation, type DescriptorBody } from '../../src/domain/descriptor.ts';
import type { NackCode } from '../../src/domain/event.ts';
import {
  parseMessage,
  payloadLimit,
  type CommandMessage,
  type ControlMessage,
  type EventMessage,
} from '../../src/wire/messages.ts';
import { connectBus, type MqttBus } from '../../src/wire/mqtt-bus.ts';
import { toWireTime } from '../../src/wire/time.ts';
import { topics } from '../../src/wire/topics.ts';

/**
 * A device of its own making, which shares only the messages with the real host, and which can be told to get one thing
 * wrong. Without a flaw it fulfils the contract.
 */

/** What it gets wrong, and the check that must notice. */
export const flaws = {
  'hashes the descriptor wrongly': 'descriptor',
  'does not retain its state': 'state',
  'acknowledges with n 2': 'ack',
  'says nothing to commands': 'ack',
  'breaks the schema of its result': 'result',
  'keeps the key in running': 'result',
  'starts a copy of what is at work': 'repeat-running',
  'acts again on a copy of what is done': 'repeat-done',
  'changes the result when asked again': 'repeat-done',
  'accepts a reused key': 'key-reused',
  'refuses a reused key with n 1': 'key-reused',
  'takes any capability': 'unknown-capability',
  'does not look at the parameters': 'bad-parameters',
  'does not look at the time to live': 'expired',
  'refuses with n 0 what is expired': 'expired',
  'obeys any epoch': 'stale-epoch',
  'remembers what was of a stale epoch': 'stale-epoch',
  'answers a query by its first event': 'query-known',
  'forgets a result when it has been said': 'query-known',
  'writes down unknown keys': 'query-unknown',
  'says only its state when asked for everything': 'query-all',
  'forgets the key with the result': 'forget',
  'forgets what is at work': 'forget-running',
  'does not cancel': 'cancel-running',
  'ignores the cancel of what has not come': 'cancel-unseen',
  'halts only at the present epoch': 'halt',
  'works on when halted': 'halt',
  'never lifts a halt': 'resume',
  'lifts a halt at any epoch': 'resume',
  'dies of what is not JSON': 'malformed',
  'obeys commands that lack fields': 'malformed',
  'dies of large messages': 'oversize',
  'drops what comes while it is busy': 'sixteen',
  'has no last will': 'last-will',
  'has the same boot for ever': 'new-boot',
  'says ok of what it does not know': 'indeterminate',
  'says a result only once': 'resend',
  'keeps its epoch in memory': 'epoch-kept',
  'keeps refusals in memory': 'keys-kept',
  'acknowledges before it writes': 'ack-journalled',
  'does not write what it accepts': 'ack-journalled',
  'counts its states backwards': 'well-formed',
  'gives two events one number': 'numbers',
} as const;
export type Flaw = keyof typeof flaws;

export const seconds = 0.9;
const body: DescriptorBody = {
  vendor: 'Tiny',
  model: 'Lamp',
  serial: '1',
  firmware: '1',
  capabilities: [
    {
      name: 'shine',
      parameters: {
        type: 'object',
        properties: { colour: { enum: ['red', 'green'] } },
        required: ['colour'],
        additionalProperties: false,
      },
      result: { type: 'object', properties: { lux: { type: 'number' } }, required: ['lux'] },
      units: { lux: '1' },
      duration: { low: seconds, typical: seconds, high: seconds },
      retry: 'safe',
      interruptible: true,
      consumes: [],
    },
  ],
  meters: [],
  onControllerLost: 'finish',
};

interface Page {
  hash?: string;
  startedAt?: string;
  said: EventMessage[];
  phase: 'accepted' | 'started' | 'done' | 'refused' | 'forgotten';
}

/** What survives a crash: pages as text, as they were when they were written. */
interface Disk {
  epoch: number;
  readonly pages: Map<string, string>;
}

export class TinyDevice {
  readonly #url: string;
  readonly #device: string;
  readonly #flaw: Flaw | undefined;
  readonly #disk: Disk = { epoch: 0, pages: new Map() };
  #boot = uniqueId().slice(0, 8);
  #seq = 0;
  #epoch = 0;
  #halted = false;
  #bus: MqttBus | undefined;
  #pages = new Map<string, Page>();
  readonly #running = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(url: string, device: string, flaw?: Flaw) {
    this.#url = url;
    this.#device = device;
    this.#flaw = flaw;
  }

  #is(flaw: Flaw): boolean {
    return this.#flaw === flaw;
  }

  async start(): Promise<void> {
    if (!this.#is('has the same boot for ever')) this.#boot = uniqueId().slice(0, 8);
    this.#seq = this.#is('counts its states backwards') ? 1000 : 0;
    this.#halted = false;
    this.#epoch = this.#disk.epoch;
    this.#pages = new Map([...this.#disk.pages].map(([key, text]) => [key, JSON.parse(text) as Page]));
    for (const [key, page] of this.#pages) this.#settle(key, page);
    const will = { topic: topics.state('lab', this.#device), payload: this.#state('lost', 0) };
    const clientId = `${this.#device}-${uniqueId().slice(0, 8)}`;
    const bus = await connectBus({ url: this.#url, clientId, ...(this.#is('has no last will') ? {} : { will }) });
    this.#bus = bus;
    bus.subscribe(topics.command('lab', this.#device), ({ topic, payload, bytes }) =>
      this.#hear(topic, payload, bytes, (message) => this.#command(message as CommandMessage)),
    );
    bus.subscribe(topics.control('lab', this.#device), ({ topic, payload, bytes }) =>
      this.#hear(topic, payload, bytes, (message) => this.#control(message as ControlMessage)),
    );
    bus.onConnect(() => this.#present());
  }

  kill(): void {
    for (const timer of this.#running.values()) clearTimeout(timer);
    this.#running.clear();
    this.#bus?.kill();
    this.#bus = undefined;
  }

  async restart(): Promise<void> {
    this.kill();
    await this.start();
  }

  #present(): void {
    const described = describe(body);
    const hash = this.#is('hashes the descriptor wrongly') ? 'f00d' : described.hash;
    this.#publish(topics.descriptor('lab', this.#device), JSON.stringify({ ...described, hash }), true);
    this.#sayState();
    if (this.#is('says a result only once')) return;
    for (const [key, { phase, said }] of this.#pages) if (phase === 'done') this.#say(key, said.at(-1)!);
  }

  #publish(topic: string, payload: string, retain = false): void {
    this.#bus?.publish(topic, payload, { retain });
  }

  #state(word: string, seq: number): string {
    const running = word === 'lost' ? [] : this.#listed();
    const at = toWireTime(Date.now());
    return JSON.stringify({ state: word, boot: this.#boot, seq, epoch: this.#epoch, running, at });
  }

  #listed(): string[] {
    return this.#is('keeps the key in running') ? [...this.#pages.keys()].slice(0, 1) : [...this.#running.keys()];
  }

  #sayState(): void {
    this.#seq += this.#is('counts its states backwards') ? -1 : 1;
    const word = this.#halted ? 'error' : this.#running.size > 0 ? 'busy' : 'ready';
    this.#publish(
      topics.state('lab', this.#device),
      this.#state(word, this.#seq),
      !this.#is('does not retain its state'),
    );
  }

  #say(key: string, event: EventMessage): void {
    this.#publish(topics.event('lab', this.#device, key), JSON.stringify(event));
  }

  #nack(key: string, code: NackCode, n: 0 | 1, epoch: number): EventMessage {
    const event = { kind: 'nack', n, boot: this.#boot, code, message: `Refused: ${code}.`, epoch } as const;
    this.#say(key, event);
    return event;
  }

  #write(key: string, page: Page): void {
    this.#pages.set(key, page);
    const write = () => void this.#disk.pages.set(key, JSON.stringify(page));
    const open = page.phase === 'accepted' || page.phase === 'started';
    if (open && this.#is('does not write what it accepts')) return;
    if (page.phase === 'refused' && this.#is('keeps refusals in memory')) return;
    if (open && this.#is('acknowledges before it writes')) {
      const bus = this.#bus;
      setTimeout(() => bus === this.#bus && write(), 200);
    } else write();
  }

  #settle(key: string, page: Page): void {
    if (page.phase !== 'accepted' && page.phase !== 'started') return;
    const unknown = this.#is('says ok of what it does not know') ? 'ok' : 'indeterminate';
    page.said.push(this.#result(page, page.phase === 'started' ? unknown : 'failed', page.said.length + 10));
    this.#write(key, { ...page, phase: 'done' });
  }

  #result({ startedAt }: Page, outcome: 'ok' | 'failed' | 'cancelled' | 'indeterminate', n: number): EventMessage {
    const lux = this.#is('breaks the schema of its result') ? 'bright' : 400;
    const result = outcome === 'ok' ? { result: { lux } } : {};
    const started = startedAt === undefined ? {} : { startedAt };
    return {
      kind: 'result',
      n,
      boot: this.#boot,
      outcome,
      endedAt: toWireTime(Date.now()),
      meters: [],
      ...started,
      ...result,
    };
  }

  #hear(topic: string, payload: string, bytes: number | undefined, obey: (message: unknown) => void): void {
    if ((bytes ?? 0) > payloadLimit && this.#is('dies of large messages')) return this.kill();
    const read = parseMessage(topic, payload, bytes);
    if (read.ok) return obey(read.value.body);
    const json = tolerant(payload);
    if (json === undefined && this.#is('dies of what is not JSON')) this.kill();
    if (json !== undefined && this.#is('obeys commands that lack fields') && topic.endsWith('/cmd')) obey(json);
  }

  /** False when the message is of a stale epoch. */
  #inEpoch(epoch: number, key: string | undefined): boolean {
    if (this.#is('obeys any epoch')) return true;
    if (epoch < this.#epoch) {
      if (key === undefined) return false;
      const nack = this.#nack(key, 'E_STALE_EPOCH', 0, epoch);
      if (this.#is('remembers what was of a stale epoch') && !this.#pages.has(key))
        this.#write(key, { phase: 'refused', said: [nack] });
      return false;
    }
    if (epoch > this.#epoch) {
      this.#epoch = epoch;
      if (!this.#is('keeps its epoch in memory')) this.#disk.epoch = epoch;
      this.#sayState();
    }
    return true;
  }

  #command(command: CommandMessage): void {
    const { key, hash, epoch } = command;
    if (this.#is('says nothing to commands') || !this.#inEpoch(epoch, key)) return;
    const page = this.#pages.get(key);
    if (page === undefined) return this.#admit(command);
    if (page.phase === 'forgotten') return void this.#nack(key, 'E_KEY_REUSED', 0, epoch);
    if (page.hash !== undefined && page.hash !== hash) {
      if (this.#is('accepts a reused key')) return this.#admit(command);
      return void this.#nack(key, 'E_KEY_REUSED', this.#is('refuses a reused key with n 1') ? 1 : 0, epoch);
    }
    if (this.#running.has(key) && this.#is('starts a copy of what is at work')) return this.#begin(command);
    if (page.phase === 'done' && this.#is('acts again on a copy of what is done')) return this.#begin(command);
    const last = page.said.at(-1)!;
    const changed = this.#is('changes the result when asked again') && last.kind === 'result';
    this.#say(key, changed ? { ...last, endedAt: toWireTime(Date.now() + 1) } : last);
  }

  #admit(command: CommandMessage): void {
    const { key, hash, epoch } = command;
    const code = this.#refusal(command);
    if (code === undefined) return this.#begin(command);
    if (code === 'E_BUSY' && this.#is('drops what comes while it is busy')) return;
    const n = code === 'E_EXPIRED' && this.#is('refuses with n 0 what is expired') ? 0 : 1;
    this.#write(key, { hash, phase: 'refused', said: [this.#nack(key, code, n, epoch)] });
  }

  #refusal({ capability, parameters, issuedAt, ttlMs }: CommandMessage): NackCode | undefined {
    if (this.#halted) return 'E_HALTED';
    const late = Date.now() > Date.parse(issuedAt) + ttlMs;
    if (late && !this.#is('does not look at the time to live')) return 'E_EXPIRED';
    if (capability !== 'shine' && !this.#is('takes any capability')) return 'E_UNKNOWN_CAPABILITY';
    const wrong = schemaViolation(body.capabilities[0]!.parameters, parameters) !== undefined;
    if (wrong && !this.#is('does not look at the parameters')) return 'E_BAD_PARAMETERS';
    return this.#running.size > 0 ? 'E_BUSY' : undefined;
  }

  #begin({ key, hash }: CommandMessage): void {
    const ack: EventMessage = { kind: 'ack', n: this.#is('acknowledges with n 2') ? 2 : 1, boot: this.#boot };
    this.#write(key, { hash, phase: 'accepted', said: [ack] });
    this.#say(key, ack);
    this.#write(key, { hash, phase: 'started', startedAt: toWireTime(Date.now()), said: [ack] });
    this.#running.set(
      key,
      setTimeout(() => this.#end(key, 'ok'), 1000 * seconds),
    );
    this.#sayState();
  }

  #end(key: string, outcome: 'ok' | 'failed' | 'cancelled'): void {
    const page = this.#pages.get(key);
    clearTimeout(this.#running.get(key));
    this.#running.delete(key);
    if (page?.phase === 'started' || (page !== undefined && this.#is('starts a copy of what is at work'))) {
      const event = this.#result(page, outcome, page.said.length + 1);
      this.#write(key, { ...page, phase: 'done', said: [...page.said, event] });
      this.#say(key, event);
      if (this.#is('gives two events one number')) this.#say(key, { ...event, boot: `${this.#boot}-again` });
      if (this.#is('forgets a result when it has been said')) this.#pages.set(key, { phase: 'forgotten', said: [] });
    }
    this.#sayState();
  }

  #control({ op, key, epoch }: ControlMessage): void {
    if (op === 'halt' && !(this.#is('halts only at the present epoch') && epoch < this.#epoch)) return this.#halt();
    const anyway = op === 'resume' && this.#is('lifts a halt at any epoch');
    if (!anyway && !this.#inEpoch(epoch, key)) return;
    if (op === 'query') return key === undefined ? this.#sayAll() : this.#answer(key, epoch);
    if (op === 'forget' && key !== undefined) return this.#forget(key);
    if (op === 'resume') return this.#resume();
    if (op !== 'cancel' || this.#is('does not cancel')) return;
    if (key === undefined || this.#running.has(key)) {
      for (const one of key === undefined ? [...this.#running.keys()] : [key]) this.#end(one, 'cancelled');
    } else if (this.#pages.has(key)) this.#answer(key, epoch);
    else if (!this.#is('ignores the cancel of what has not come'))
      this.#write(key, { phase: 'refused', said: [this.#nack(key, 'E_UNKNOWN_KEY', 1, epoch)] });
  }

  #answer(key: string, epoch: number): void {
    const page = this.#pages.get(key);
    if (page === undefined || page.phase === 'forgotten') {
      const wrong = this.#is('writes down unknown keys') && !this.#barrier(key);
      const nack = this.#nack(key, 'E_UNKNOWN_KEY', wrong ? 1 : 0, epoch);
      if (wrong) this.#write(key, { phase: 'refused', said: [nack] });
    } else this.#say(key, page.said.at(this.#is('answers a query by its first event') ? 0 : -1)!);
  }

  /** Keys that are asked for only to hear when the device has come so far. */
  #barrier(key: string): boolean {
    return /-b\d+$/.test(key);
  }

  #sayAll(): void {
    this.#sayState();
    if (this.#is('says only its state when asked for everything')) return;
    for (const [key, { said }] of this.#pages) if (said.length > 0) this.#say(key, said.at(-1)!);
  }

  #forget(key: string): void {
    const page = this.#pages.get(key);
    if (page === undefined || (this.#running.has(key) && !this.#is('forgets what is at work'))) return;
    this.#write(key, { phase: 'forgotten', said: [] });
    if (!this.#is('forgets the key with the result')) return;
    this.#pages.delete(key);
    this.#disk.pages.delete(key);
  }

  #halt(): void {
    this.#halted = true;
    if (!this.#is('works on when halted')) for (const key of [...this.#running.keys()]) this.#end(key, 'failed');
    this.#sayState();
  }

  #resume(): void {
    if (!this.#is('never lifts a halt')) this.#halted = false;
    this.#sayState();
  }
}

function tolerant(payload: string): unknown {
  try {
    const json = JSON.parse(payload) as unknown;
    return typeof json === 'object' && json !== null && 'key' in json ? json : undefined;
  } catch {
    return undefined;
  }
}
