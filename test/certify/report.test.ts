import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startBroker, type Broker } from '../../simulators/broker.ts';
import { describeLab } from '../../devices/catalogue.ts';
import { schemaViolation } from '../../src/domain/descriptor.ts';
import { connectBus } from '../../src/wire/mqtt-bus.ts';
import { commandHash } from '../../src/wire/messages.ts';
import { topics } from '../../src/wire/topics.ts';
import { toWireTime } from '../../src/wire/time.ts';
import { certify, type Report, type Verdict } from '../../src/cli/certify/certify.ts';
import { instanceOf, refusedBy } from '../../src/cli/certify/instance.ts';
import { junit } from '../../src/cli/certify/junit.ts';
import { summaryText, verdictText } from '../../src/cli/certify/text.ts';
import { loadLab } from '../../src/domain/load.ts';
import { readFileSync } from 'node:fs';
import { TinyDevice } from './tiny-device.ts';

const verdict = (change: Partial<Verdict>): Verdict => ({
  check: 'expired',
  section: '4',
  says: 'It says "so".',
  verdict: 'pass',
  seen: 'nack',
  ms: 12,
  ...change,
});

const report: Report = {
  plan: undefined,
  verdicts: [
    verdict({}),
    verdict({ verdict: 'fail', seen: 'came <ack> & "n" \u0000\ud800\n', mend: "Don't." }),
    verdict({ verdict: 'skip', seen: 'no time' }),
  ],
  complete: true,
  passed: false,
  ms: 1234,
};

describe('a report', () => {
  it('is well-formed XML, whatever the device has said', () => {
    const xml = junit('pump', report);
    expect(xml).toContain('<testsuites tests="3" failures="1" errors="0" skipped="1" time="1.234">');
    expect(xml).toContain('message="came &lt;ack&gt; &amp; &quot;n&quot; \ufffd\ufffd&#10;"');
    expect(xml).toContain('Mend: Don&apos;t.</failure>');
    expect(xml).toContain('<skipped message="no time"/>');
    expect(openTags(xml)).toEqual([]);
  });

  it('tells people what to mend', () => {
    expect(verdictText(report.verdicts[1]!).split('\n')).toEqual([
      'FAIL  expired             came <ack> & "n"  \ud800',
      '      contract  It says "so". (docs/device-contract.md, section 4)',
      "      mend      Don't.",
    ]);
    expect(summaryText(report)).toBe('Not certified: 1 passed, 1 failed, 1 skipped in 1.2 s.');
  });
});

/** Tags that are not closed, or closed by another. */
function openTags(xml: string): string[] {
  const open: string[] = [];
  for (const [, close, name, empty] of xml.matchAll(/<(\/?)([a-z]+)(?:\s[a-z]+="[^"<&]*(?:&[^"<]*)*")*\s*(\/?)>/g)) {
    if (close === '/') expect(open.pop()).toBe(name);
    else if (empty !== '/') open.push(name!);
  }
  return open;
}

describe('parameters', () => {
  const schemas: [string, Record<string, unknown>][] = [
    [
      'bounds',
      { type: 'object', properties: { v: { type: 'number', exclusiveMinimum: 0, maximum: 1 } }, required: ['v'] },
    ],
    [
      'steps',
      { type: 'object', properties: { v: { type: 'integer', exclusiveMinimum: 3, multipleOf: 2 } }, required: ['v'] },
    ],
    ['below zero', { type: 'object', properties: { v: { type: 'number', maximum: -5 } }, required: ['v'] }],
    ['patterns', { type: 'object', properties: { v: { type: 'string', pattern: '^[a-z]+-\\d$' } }, required: ['v'] }],
    ['long text', { type: 'object', properties: { v: { type: 'string', minLength: 40 } }, required: ['v'] }],
    [
      'lists',
      { type: 'object', properties: { v: { type: 'array', minItems: 2, items: { enum: ['x'] } } }, required: ['v'] },
    ],
    ['choices', { anyOf: [{ type: 'object', properties: { v: { const: 1 } }, required: ['v'] }, { type: 'null' }] }],
    [
      'references',
      { $ref: '#/$defs/p', $defs: { p: { type: 'object', properties: { v: { type: 'boolean' } }, required: ['v'] } } },
    ],
    ['maps', { type: 'object', additionalProperties: { type: 'number', minimum: 1 }, minProperties: 2 }],
  ];

  it.each(schemas)('are made by the schema: %s', (_, schema) => {
    const value = instanceOf(schema);
    expect(value).toBeDefined();
    expect(schemaViolation(schema, value)).toBeUndefined();
  });

  it('are made for every device of the catalogue, and spoiled', () => {
    const lab = loadLab('protocols/colour-match/lab.yaml', (path) => readFileSync(path, 'utf8'));
    if (!lab.ok) throw new Error('no lab');
    for (const { capabilities } of describeLab(lab.value).values())
      for (const { parameters } of capabilities) {
        const value = instanceOf(parameters) as Record<string, unknown>;
        expect(schemaViolation(parameters, value)).toBeUndefined();
        expect(schemaViolation(parameters, refusedBy(parameters, value))).toBeDefined();
      }
  });

  it('cannot be spoiled where anything goes', () => {
    expect(refusedBy({ type: 'object' }, {})).toBeUndefined();
  });
});

it('a device that is not there cannot be tried', async () => {
  const broker = await startBroker();
  const nobody = { url: broker.url, site: 'lab', device: 'nobody', agree: async () => true };
  await expect(certify(nobody)).rejects.toThrow(/No device nobody is known at site lab/);
  await broker.close();
});

describe('a device that is in use', () => {
  let broker: Broker;
  let tiny: TinyDevice;
  beforeEach(async () => {
    broker = await startBroker();
    tiny = new TinyDevice(broker.url, 'lamp');
    await tiny.start();
  });
  afterEach(async () => {
    tiny.kill();
    await broker.close();
  });
  const tryIt = (agree = true, capability?: string) =>
    certify({
      ...{ url: broker.url, site: 'lab', device: 'lamp', limitMs: 10_000, agree: async () => agree },
      ...(capability === undefined ? {} : { capability }),
    });

  it('is left to its controller', async () => {
    const bus = await connectBus({ url: broker.url, clientId: 'main' });
    const body = { online: true, epoch: 3, instance: 'i', at: toWireTime(Date.now()) };
    await new Promise<void>((done) =>
      bus.publish(topics.controller('lab', 'main'), JSON.stringify(body), { retain: true }, () => done()),
    );
    await expect(tryIt()).rejects.toThrow(/controller "main" is online/);
    await bus.close();
  });

  it('is left alone when it was halted', async () => {
    const bus = await connectBus({ url: broker.url, clientId: 'main' });
    const halted = new Promise<void>((done) =>
      bus.subscribe(topics.state('lab', 'lamp'), ({ payload }) => payload.includes('"error"') && done()),
    );
    bus.publish(topics.control('lab', 'lamp'), JSON.stringify({ op: 'halt', epoch: 0 }));
    await halted;
    await expect(tryIt()).rejects.toThrow(/lamp says error/);
    await bus.close();
  });

  it('is left in order when the trial is stopped', async () => {
    const stop = new AbortController();
    const place = { url: broker.url, site: 'lab', device: 'lamp', agree: async () => true };
    const bus = await connectBus({ url: broker.url, clientId: 'main' });
    let running: string[] = [];
    bus.subscribe(topics.state('lab', 'lamp'), ({ payload }) => {
      ({ running } = JSON.parse(payload) as { running: string[] });
      if (running.length > 0) stop.abort();
    });
    const report = await certify({ ...place, stop: stop.signal });
    expect(report!.verdicts.find(({ check }) => check === 'ack')).toMatchObject({
      verdict: 'fail',
      seen: 'The time is up.',
    });
    expect(report).toMatchObject({ complete: false, passed: false });
    expect(summaryText(report!)).toMatch(/^Not certified: 2 passed, 1 failed, 29 skipped in .* and the time was up\.$/);
    expect(running).toEqual([]);
    await bus.close();
  });

  it('is left to its work, and to nobody who does not agree', async () => {
    expect(await tryIt(false)).toBeUndefined();
    await expect(tryIt(true, 'fly')).rejects.toThrow(/Name one of shine/);
    const bus = await connectBus({ url: broker.url, clientId: 'main' });
    const parameters = { colour: 'red' };
    const times = { issuedAt: toWireTime(Date.now()), ttlMs: 60_000, deadlineMs: 60_000 };
    const command = { key: 'k', capability: 'shine', parameters, hash: commandHash('shine', parameters), epoch: 1 };
    const acknowledged = new Promise<void>((done) => bus.subscribe(topics.event('lab', 'lamp', 'k'), () => done()));
    bus.publish(topics.command('lab', 'lamp'), JSON.stringify({ ...command, ...times }));
    await acknowledged;
    await expect(tryIt()).rejects.toThrow(/at work on k/);
    await bus.close();
  });
});
