import { expect, it } from 'vitest';
import { startBroker } from '../../simulators/broker.ts';
import { certify, type Report } from '../../src/cli/certify/certify.ts';
import { checks } from '../../src/cli/certify/checks.ts';
import { flaws, TinyDevice, type Flaw } from './tiny-device.ts';

/** A check that cannot fail does not count: each must notice a device that gets wrong what it looks for. */

async function trial(url: string, device: string, flaw?: Flaw): Promise<Report> {
  const tiny = new TinyDevice(url, device, flaw);
  await tiny.start();
  const restart = { byHand: false, perform: () => tiny.restart() };
  try {
    const agree = async () => true;
    return (await certify({ url, site: 'lab', device, restart, limitMs: 60_000, agree }))!;
  } finally {
    tiny.kill();
  }
}

const failed = ({ verdicts }: Report): string[] =>
  verdicts.filter(({ verdict }) => verdict === 'fail').map(({ check }) => check);

it('every flaw is noticed by the check that looks for it', async () => {
  const broker = await startBroker();
  const missed = async ([i, flaw]: [number, Flaw]): Promise<string[]> => {
    const found = failed(await trial(broker.url, `tiny-${i}`, flaw));
    return found.includes(flaws[flaw])
      ? []
      : [`${flaw}: ${flaws[flaw]} did not fail, but ${found.join() || 'nothing'}`];
  };
  const all = await Promise.all([...(Object.keys(flaws) as Flaw[]).entries()].map(missed));
  await broker.close();
  expect(all.flat()).toEqual([]);
}, 120_000);

it('a device without a flaw passes', async () => {
  const broker = await startBroker();
  const report = await trial(broker.url, 'sound');
  await broker.close();
  expect(report.verdicts.filter(({ verdict }) => verdict !== 'pass')).toEqual([]);
});

it('there is a flaw for every check', () => {
  const covered: readonly string[] = Object.values(flaws);
  expect(checks.map(({ id }) => id).filter((id) => !covered.includes(id))).toEqual([]);
});
