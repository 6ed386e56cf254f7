import { afterEach, beforeEach, expect, it } from 'vitest';
import { startBroker, type Broker } from '../../simulators/broker.ts';
import { certify, type CertifyOptions, type Report } from '../../src/cli/certify/certify.ts';
import { Stirrer } from './stirrer.ts';

let broker: Broker;
let device: Stirrer | undefined;
beforeEach(async () => {
  broker = await startBroker();
});
afterEach(async () => {
  device?.close();
  await broker.close();
});

const place = () => ({ url: broker.url, site: 'lab', device: 'stirrer', limitMs: 60_000, agree: async () => true });

async function certified(how: { interruptible?: boolean; concurrency?: number }, more: Partial<CertifyOptions> = {}) {
  device = new Stirrer(broker.url, how);
  await device.boot();
  return (await certify({ ...place(), ...more }))!;
}

const restart = () => ({ byHand: false, perform: () => device!.restart() });

const not = (wanted: 'pass', { verdicts }: Report) =>
  verdicts.filter(({ verdict }) => verdict !== wanted).map(({ check, seen }) => `${check}: ${seen}`);

it('the real host passes every check, with a kill and a restart', async () => {
  const report = await certified({}, { restart: restart() });
  expect(not('pass', report)).toEqual([]);
  expect(report.passed).toBe(true);
  expect(report.ms).toBeLessThan(60_000);
});

it('so it does with three at once and nothing that may be interrupted', async () => {
  const report = await certified({ interruptible: false, concurrency: 3 }, { restart: restart() });
  expect(not('pass', report)).toEqual([]);
});

it('a person who pulls the plug is too slow for one check only', async () => {
  const report = await certified({}, { restart: { ...restart(), byHand: true } });
  expect(report.verdicts.flatMap(({ check, verdict }) => (verdict === 'pass' ? [] : [`${check} ${verdict}`]))).toEqual([
    'ack-journalled skip',
  ]);
  expect(report.passed).toBe(true);
});
