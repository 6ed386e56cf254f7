import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { describeLab } from '../../devices/catalogue.ts';
import { stream } from '../../src/base/random.ts';
import { Campaign, unitOf, type Definition } from '../../src/domain/campaign.ts';
import { capabilityOf } from '../../src/domain/descriptor.ts';
import { evaluate } from '../../src/domain/expression.ts';
import { Lab } from '../../src/domain/lab.ts';
import { Protocol } from '../../src/domain/protocol.ts';
import {
  consumptionOf,
  durationOf,
  resolveParameters,
  resultScope,
  scopeOf,
  type Point,
} from '../../src/domain/resolve.ts';
import { rig } from './rig.ts';

const folder = (name: string) => new URL(`../../protocols/${name}/`, import.meta.url);
const read = (name: string, file: string): unknown => parse(readFileSync(new URL(file, folder(name)), 'utf8'));
const definition = (name: string): Definition => ({
  lab: Lab.parse(read(name, 'lab.yaml')),
  protocol: Protocol.parse(read(name, 'protocol.yaml')),
  campaign: Campaign.parse(read(name, 'campaign.yaml')),
});

/** A point of the search space, drawn evenly. */
function pointOf({ campaign }: Definition, seed: number): Point {
  const random = stream(seed, 'point');
  return Object.fromEntries(
    Object.entries(campaign.space).map(([name, p]) => {
      if (p.type === 'continuous') return [name, p.min.value + random.next() * (p.max.value - p.min.value)];
      if (p.type === 'ordinal') return [name, random.pick(p.levels).value];
      return p.type === 'integer' ? [name, p.min + random.integer(p.max - p.min + 1)] : [name, random.pick(p.levels)];
    }),
  );
}

for (const name of ['colour-match', 'snar-flow', 'crossed-barrel', 'film-anneal'])
  describe(name, () => {
    const whole = definition(name);
    const devices = describeLab(whole.lab);
    const steps = whole.protocol.stages.flatMap((stage) => stage.steps);
    const capabilityFor = (step: (typeof steps)[number]) =>
      [...devices.values()].map((body) => capabilityOf(body, step.capability)).find((found) => found !== undefined)!;

    it('asks its devices for what they can do, anywhere in the search space, and has stock for all of it', () => {
      const used = new Map<string, number>();
      const { experiments } = whole.campaign.budget;
      for (let seed = 0; seed < experiments; seed++)
        for (const step of steps) {
          const resolved = resolveParameters(step, capabilityFor(step), scopeOf(whole, pointOf(whole, seed)), 's1');
          if (!resolved.ok) throw new Error(resolved.failure.message);
          expect(durationOf(capabilityFor(step), resolved.value).ok).toBe(true);
          for (const { material, amount } of consumptionOf(capabilityFor(step), resolved.value))
            used.set(material, (used.get(material) ?? 0) + amount);
        }
      expect(used.size).toBeGreaterThan(0);
      for (const [material, amount] of used) {
        const { lots } = whole.lab.materials[material as keyof Lab['materials']]!;
        expect(lots.reduce((sum, lot) => sum + lot.amount, 0) / amount, material).toBeGreaterThan(1.4);
      }
    });

    it('varies what the protocol declares, and wants what it observes', () => {
      expect(Object.keys(whole.campaign.space).sort()).toEqual(Object.keys(whole.protocol.parameters).sort());
      const observed = whole.protocol.stages.flatMap((stage) => Object.keys(stage.observes));
      for (const objective of whole.campaign.objectives) expect(observed).toContain(objective.name);
      for (const parameter of Object.values(whole.campaign.space)) expect(unitOf(parameter)).toBeDefined();
    });
  });

describe('colour-match, carried out', () => {
  it('is nearest to its target where the target was mixed', () => {
    const whole = definition('colour-match');
    const lab = rig({ ...(read('colour-match', 'lab.yaml') as Record<string, unknown>), site: 'test' });
    const distanceAt = (sample: string, point: Point) => {
      const [pour, look] = whole.protocol.stages[0]!.steps as [never, never];
      const devices = describeLab(whole.lab);
      const resolved = resolveParameters(pour, devices.get('handler')!.capabilities[0]!, scopeOf(whole, point), sample);
      if (!resolved.ok) throw new Error(resolved.failure.message);
      lab.run('arm', `${sample}-1`, 'move', { sample, from: 'rack', to: 'handler' });
      lab.run('handler', `${sample}-2`, 'dispense', resolved.value);
      lab.run('arm', `${sample}-3`, 'move', { sample, from: 'handler', to: 'reader' });
      const result = lab.run('reader', `${sample}-4`, 'read_absorbance', { sample })!.result!;
      lab.run('arm', `${sample}-5`, 'move', { sample, from: 'reader', to: 'rack' });
      expect(look).toBeDefined();
      const scope = { read: resultScope(devices.get('reader')!.capabilities[0]!, result) };
      const distance = evaluate(whole.protocol.stages[0]!.observes['distance']!, scopeOf(whole, point, scope));
      return distance.ok ? (distance.value as number) : NaN;
    };
    expect(distanceAt('s1', { red: 62, yellow: 38, blue: 51 })).toBeLessThan(0.03);
    expect(distanceAt('s2', { red: 20, yellow: 80, blue: 10 })).toBeGreaterThan(0.3);
    expect(lab.world.accidents()).toEqual([]);
  });
});

describe('crossed-barrel', () => {
  const lab = read('crossed-barrel', 'lab.yaml') as { devices: { tester: { options: { csv: string } } } };
  const csv = fileURLToPath(new URL(lab.devices.tester.options.csv, folder('crossed-barrel')));

  it.skipIf(!existsSync(csv))('answers from the real measurements for most designs', () => {
    const whole = definition('crossed-barrel');
    const tester = { ...lab.devices.tester, options: { ...lab.devices.tester.options, csv } };
    const bench = rig({ devices: { tester } });
    const order = (key: string, n: number, theta: number, r: number, t: number) =>
      bench.run('tester', key, 'measure', { sample: 's', n, theta, r, t });
    const best = order('best', 12, 150, 1.9, 1.4);
    expect(best?.result?.['distance']).toBe(0);
    expect(best?.result?.['toughness']).toBeGreaterThan(35);
    const designs = Array.from({ length: 200 }, (_, seed) => pointOf(whole, seed) as Record<string, number>);
    const told = designs.filter(({ n, theta, r, t }, i) => order(`d${i}`, n!, theta!, r!, t!)?.kind === 'result');
    expect(told.length).toBeGreaterThan(180);
  });

  it('says what is missing when the measurements are not there', () => {
    const tester = { ...lab.devices.tester, options: { ...lab.devices.tester.options, csv: '/nowhere/data.csv' } };
    expect(() => rig({ devices: { tester } })).toThrow(/measurements \/nowhere\/data\.csv is not there/);
  });
});
