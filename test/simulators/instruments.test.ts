import { describe, expect, it } from 'vitest';
import { toSi } from '../../src/domain/quantity.ts';
import type { MeterMessage } from '../../src/wire/messages.ts';
import { feedsFor } from '../../simulators/flow-reactor.ts';
import { eFactor, snarOutlet, spaceTimeYield } from '../../simulators/snar.ts';
import { colourLab, rig } from './rig.ts';

/** Every instrument on the virtual clock, through the host and the bus in memory. */
const meterOf = (lab: ReturnType<typeof rig>, device: string): MeterMessage[] =>
  lab.heard.filter(({ topic }) => topic.includes(`/dev/${device}/meter/`)).map(({ body }) => body as never);

describe('liquid handler, arm and reader', () => {
  it('mix, carry and read a sample, and what is reported is what was poured', () => {
    const lab = rig(colourLab());
    expect(lab.run('arm', 'k1', 'move', { sample: 's1', from: 'rack', to: 'handler' })?.outcome).toBe('ok');
    const poured = lab.run('handler', 'k2', 'dispense', { sample: 's1', volumes: { red: 100, water: 200 } });
    expect(poured?.consumed?.map(({ material, unit }) => [material, unit])).toEqual([
      ['red', 'uL'],
      ['water', 'uL'],
    ]);
    for (const pour of lab.world.pours()) {
      const told = poured!.consumed!.find(({ material }) => material === pour.material)!;
      expect(toSi(told.amount, 'uL')).toBeCloseTo(pour.reported, 15);
      expect(Math.abs(pour.reported - pour.amount)).toBeLessThan(5 * toSi(told.uncertainty!, 'uL'));
    }
    expect(lab.world.dispensed()['red']).toBeCloseTo(lab.world.contentsOf('s1')['red']!, 18);
    lab.run('arm', 'k3', 'move', { sample: 's1', from: 'handler', to: 'reader' });
    const read = lab.run('reader', 'k4', 'read_absorbance', { sample: 's1' });
    // 26807 L/mol/cm, 0.2 mmol/L, 100 uL over 0.34 cm2.
    expect(read?.result?.['green']).toBeCloseTo((26807 * 0.2e-3 * 0.1) / 0.34, 1);
    expect(lab.world.truthOf('k2')).toBe('happened');
    expect(lab.world.accidents()).toEqual([]);
  });

  it('takes the times of its transport and of its descriptor', () => {
    const lab = rig(colourLab());
    const moved = lab.run('arm', 'k1', 'move', { sample: 's1', from: 'rack', to: 'handler' })!;
    const seconds = (Date.parse(moved.endedAt) - Date.parse(moved.startedAt!)) / 1000;
    expect(seconds).toBeGreaterThanOrEqual(18);
    expect(seconds).toBeLessThanOrEqual(22);
    const poured = lab.run('handler', 'k2', 'dispense', { sample: 's1', volumes: { red: 100 } })!;
    const pouring = (Date.parse(poured.endedAt) - Date.parse(poured.startedAt!)) / 1000;
    expect(pouring).toBeGreaterThanOrEqual(0.9 * 55);
    expect(pouring).toBeLessThanOrEqual(1.15 * 55);
  });

  it('stop pouring when cancelled, and tell what has been poured', () => {
    const lab = rig(colourLab());
    lab.run('arm', 'k1', 'move', { sample: 's1', from: 'rack', to: 'handler' });
    lab.send('handler', 'k2', 'dispense', { sample: 's1', volumes: { red: 100, water: 200 } });
    lab.pass(50);
    lab.control('handler', 'cancel', 'k2');
    lab.pass(1);
    const end = lab.last('k2');
    expect(end).toMatchObject({ kind: 'result', outcome: 'cancelled' });
    expect(end?.kind === 'result' && end.consumed?.map(({ material }) => material)).toEqual(['red']);
    expect(lab.world.truthOf('k2')).toBe('partly');
    lab.pass(200);
    expect(Object.keys(lab.world.dispensed())).toEqual(['red']);
  });

  it('refuse what does not fit into a sample, and what is not in the bottle', () => {
    const materials = { ...colourLab().materials, water: { lots: [{ id: 'w', amount: '100 uL' }] } };
    const lab = rig(colourLab({ devices: { handler: { kind: 'liquid-handler' } }, transport: undefined, materials }));
    const volumes = { red: 300, water: 300, a: 300, b: 300 };
    expect(lab.run('handler', 'k1', 'dispense', { sample: 's', volumes })).toMatchObject({ code: 'E_BAD_PARAMETERS' });
    const empty = lab.run('handler', 'k2', 'dispense', { sample: 's', volumes: { water: 200 } });
    expect(empty).toMatchObject({ outcome: 'failed', error: { code: 'E_EMPTY' }, consumed: [] });
    expect(lab.world.dispensed()).toEqual({});
  });

  it('have a counter that never falls, in whole steps of its resolution', () => {
    const lab = rig(colourLab({ devices: { reader: { kind: 'plate-reader' } }, transport: undefined }));
    for (let i = 0; i < 5; i++) lab.run('reader', `k${i}`, 'read_absorbance', { sample: 's' });
    const totals = meterOf(lab, 'reader').map(({ total }) => total);
    expect(totals.length).toBeGreaterThanOrEqual(10);
    expect(totals).toEqual([...totals].sort((a, b) => a - b));
    for (const total of totals) expect(total * 100).toBeCloseTo(Math.round(total * 100), 6);
    const drawn = lab.world.drawn('reader', lab.clock.now());
    expect(drawn - totals.at(-1)! * 3600).toBeGreaterThanOrEqual(-1e-6);
    expect(drawn - totals.at(-1)! * 3600).toBeLessThan(36 + 1);
  });
});

describe('flow reactor', () => {
  const lab = () =>
    rig({
      devices: { reactor: { kind: 'flow-reactor', options: { simulated: { analyser: 0, pump: 0 } } } },
      materials: {
        dfnb: { properties: { concentration: '1 mol/L' }, lots: [{ id: 'd', amount: '100 mL' }] },
        pyrrolidine: { properties: { concentration: '12.18 mol/L' }, lots: [{ id: 'p', amount: '50 mL' }] },
        ethanol: { lots: [{ id: 'e', amount: '1 L' }] },
      },
    });
  const conditions = { residence_time: 1, equivalents: 3, concentration: 0.4, temperature: 60 };
  const mL = (feeds: ReturnType<typeof feedsFor>) => ({
    dfnb: feeds.substrate,
    pyrrolidine: feeds.nucleophile,
    ethanol: feeds.solvent,
  });
  const feeds = mL(feedsFor(conditions, 15, { substrate: 1, nucleophile: 12.18 }));

  it('gives what the kinetics give, and uses up what its feeds say', () => {
    const bench = lab();
    const end = bench.run('reactor', 'k1', 'run_snar', { ...conditions, feeds });
    const outlet = snarOutlet({ residenceTime: 1, equivalents: 3, concentration: 0.4, temperature: 60 });
    expect(end?.result?.['sty']).toBeCloseTo(spaceTimeYield(outlet, 1), 4);
    expect(end?.result?.['e_factor']).toBeCloseTo(eFactor(outlet), 6);
    const dispensed = bench.world.dispensed();
    expect(dispensed['dfnb']! / toSi(feeds.dfnb, 'mL')).toBeCloseTo(1, 9);
    expect(Object.values(dispensed).reduce((a, b) => a + b) / toSi(15, 'mL')).toBeCloseTo(1, 9);
    expect(end?.consumed?.find(({ material }) => material === 'dfnb')?.amount).toBeCloseTo(feeds.dfnb, 1);
  });

  it('asks for the concentration of its reagents', () => {
    const materials = { dfnb: { lots: [{ id: 'd', amount: '1 mL' }] } };
    expect(() => rig({ devices: { reactor: { kind: 'flow-reactor' } }, materials })).toThrow(
      /needs the concentration of the material "dfnb"/,
    );
  });

  it('refuses feeds that contradict the conditions', () => {
    const end = lab().run('reactor', 'k1', 'run_snar', { ...conditions, feeds: { ...feeds, dfnb: 1 } });
    expect(end).toMatchObject({ kind: 'nack', code: 'E_BAD_PARAMETERS' });
  });
});

describe('furnace', () => {
  const oven = () => rig({ devices: { oven: { kind: 'furnace', places: 3, batch: true } } });

  it('anneals a batch together on one heating, and its meter closes the energy balance', () => {
    const lab = oven();
    const recipe = { temperature: 200, hold: 600 };
    const before = lab.world.drawn('oven', lab.clock.now());
    lab.send('oven', 'k1', 'anneal', { sample: 'a', ...recipe });
    lab.pass(8);
    lab.send('oven', 'k2', 'anneal', { sample: 'b', ...recipe });
    lab.pass(1);
    expect(lab.run('oven', 'k3', 'anneal', { sample: 'c', ...recipe, hold: 60 })).toMatchObject({ code: 'E_BUSY' });
    lab.pass(20);
    expect(lab.run('oven', 'k4', 'anneal', { sample: 'c', ...recipe })).toMatchObject({ code: 'E_BUSY' });
    lab.clock.run(() => lab.settled('k1') && lab.settled('k2'), lab.clock.now() + 1e8);
    const [a, b] = ['k1', 'k2'].map((key) => lab.last(key));
    if (a?.kind !== 'result' || b?.kind !== 'result') throw new Error('no result');
    expect(a.endedAt).toBe(b.endedAt);
    expect(a.result?.['peak']).toBeCloseTo(200, -1);
    expect(lab.world.treatmentsOf('a')).toEqual([{ temperature: 200, hold: 600 }]);
    // C dT + losses while heating + holding power; idle and fan on top. Heating and losses by the closed form of Newton.
    const [c, h, p, rise] = [2400, 1.2, 1000, 175];
    const heating = (c / h) * Math.log(p / (p - h * rise));
    const chill = (c / 5) * Math.log(rise / 35);
    const idle = 8 * (20 + heating + 600) + (8 + 30) * chill;
    const expected = p * heating + h * rise * 600 + idle;
    const drawn = lab.world.drawn('oven', Date.parse(a.endedAt)) - before;
    const metered = (a.meters[0]!.end - a.meters[0]!.start) * 3600;
    expect(drawn / expected).toBeCloseTo(1, 2);
    expect(Math.abs(metered - drawn)).toBeLessThan(2 * 360);
    const temperatures = lab.heard.filter(({ topic }) => topic.endsWith('/tele/temperature'));
    expect(temperatures.length).toBeGreaterThan(20);
  });

  it('stops heating when halted, and is still warm afterwards', () => {
    const lab = oven();
    lab.send('oven', 'k1', 'anneal', { sample: 'a', temperature: 300, hold: 3600 });
    lab.pass(900);
    expect(lab.world.powerOf('oven')).toBeGreaterThan(300);
    lab.control('oven', 'halt');
    lab.pass(1);
    expect(lab.last('k1')).toMatchObject({ outcome: 'failed', error: { code: 'E_HALTED' } });
    expect(lab.world.powerOf('oven')).toBe(8);
    lab.control('oven', 'resume');
    lab.send('oven', 'k2', 'anneal', { sample: 'a', temperature: 300, hold: 0 });
    lab.pass(25);
    const [first] = lab.heard.filter(({ topic }) => topic.endsWith('/tele/temperature')).slice(-1);
    expect((first!.body['values'] as { block: number }).block).toBeGreaterThan(250);
  });
});

describe('printer and relay', () => {
  it('prints what is weighed, and switches', () => {
    const lab = rig({
      devices: { printer: { kind: 'printer' }, socket: { kind: 'smart-plug-tasmota', options: { topic: 'p' } } },
      materials: { pla: { measure: 'mass', lots: [{ id: 'l', amount: '100 g' }] } },
    });
    const end = lab.run('printer', 'k1', 'print', { sample: 's', design: { n: 8 }, filament: { pla: 12 } });
    expect(end?.result?.['mass']).toBeCloseTo(12, 0);
    expect(lab.world.dispensed()['pla']! * 1000).toBeCloseTo(12, 0);
    expect(lab.world.treatmentsOf('s')).toEqual([{ n: 8 }]);
    expect(lab.run('socket', 'k2', 'switch', { on: true })?.result).toEqual({ on: true });
  });
});
