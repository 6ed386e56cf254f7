import { describe, expect, it } from 'vitest';
import { applyEvent, createModel } from '../../src/server/read-model.ts';
import type { LinkView } from '../../src/server/contract.ts';
import { campaignOf } from '../../src/server/read-model/campaign.ts';
import {
  actionText,
  heldBars,
  inputsText,
  observed,
  predictedName,
  predictionOf,
  proxiesOf,
  rivalsText,
  turnsOf,
  whereText,
} from '../../src/web/decisions.ts';
import { clock } from '../../src/web/format.ts';
import { sortExperiments } from '../../src/web/experiments-sort.ts';
import { describeBar } from '../../src/web/gantt.tsx';
import { layOutGantt } from '../../src/web/gantt-layout.ts';
import { origin } from '../server/script.ts';
import { stagedScript } from '../server/staged-script.ts';

const minute = 60_000;
const model = createModel();
for (const event of stagedScript().events) applyEvent(model, event);
const { experiments, links, devices, bars } = model.sections;
const campaign = campaignOf(model)!;
const sample = (number: number) => experiments.get(`e-000${number}`)!;

describe('decisions in words', () => {
  it('join each decision with the wait before it and what was known', () => {
    const [start, resume, ...none] = turnsOf(sample(1));
    expect(none).toEqual([]);
    expect([start!.hold, actionText(start!.decision)]).toEqual([undefined, 'starts with mix']);
    expect([resume!.known, actionText(resume!.decision)]).toEqual([{ shade: 0.1 }, 'goes on with trim']);
    expect(resume!.at - resume!.hold!.at).toBe(3 * minute);
    expect(turnsOf(sample(3)).map(({ decision }) => decision.kind)).toEqual(['start', 'hold']);
  });

  it('find the latest prediction, and proxies of any stage', () => {
    expect(predictedName(campaign)).toBe('distance');
    expect(predictedName({ ...campaign, objectives: [...campaign.objectives, ...campaign.objectives] })).toBe(
      'compromise',
    );
    expect(predictionOf(sample(1))).toEqual({ distance: { mean: 4, sd: 1.5 } });
    expect(predictionOf(sample(4))).toBeUndefined();
    expect(proxiesOf(campaign)).toEqual(['shade']);
    expect([1, 2, 3, 4].map((number) => observed(sample(number), 'shade'))).toEqual([0.1, 0.2, 0.3, undefined]);
    const sorted = sortExperiments([...experiments.values()], { by: 'proxy/shade', descending: true });
    expect(sorted.map(({ number }) => number)).toEqual([3, 2, 1, 4]);
  });
});

it('tells where a sample is, and how long it may wait', () => {
  const at = (minutes: number, number: number) => {
    const then = createModel();
    for (const event of stagedScript().events) if (event.at <= origin + minutes * minute) applyEvent(then, event);
    return whereText(then.sections.experiments.get(`e-000${number}`)!);
  };
  const limit = (minutes: number) => clock(origin + (minutes + 480) * minute, false);
  expect(at(1.5, 1)).toBe('dispense');
  expect(at(4, 1)).toBe(`until ${limit(2)}`);
  expect(at(5.5, 1)).toBe(`to trim by ${limit(2)}`);
  expect(at(6.5, 1)).toBe('top');
  expect([at(9, 1), at(9, 2), at(9, 3)]).toEqual([undefined, undefined, undefined]);
});

describe('links in words', () => {
  const [shade, distance] = [...links.values()] as [LinkView, LinkView];

  it('name what is read', () => {
    expect(inputsText(shade, campaign)).toBe('cyan and magenta');
    expect(inputsText(distance, campaign)).toBe('shade and yellow');
    expect(inputsText({ ...distance, inputs: 'parameters' }, campaign)).toBe('cyan, magenta and yellow');
    expect(inputsText({ ...distance, inputs: 'proxies and parameters' }, campaign)).toBe(
      'shade, cyan, magenta and yellow',
    );
  });

  it('compare with the choices that were not taken', () => {
    expect(rivalsText(shade)).toBe('');
    expect(rivalsText(distance)).toBe('Both together predict as well (−0.3). Parameters alone predict worse (−8.6).');
    expect(rivalsText({ ...distance, evidence: { proxies: 0, parameters: 2.2 } })).toBe(
      'Parameters alone predict better, but not surely (+2.2).',
    );
  });
});

describe('held samples on the schedule', () => {
  const now = origin + 12 * minute;
  const held = heldBars(experiments.values(), now);

  it('wait from their hold to the decision, or until now', () => {
    expect(held.map(({ number, start, end }) => [number, (start - origin) / minute, (end - origin) / minute])).toEqual([
      [1, 2, 5],
      [2, 3, 5],
      [3, 4, 12],
    ]);
  });

  it('have a lane of their rack below the devices, and no row for two at a time', () => {
    const input = { devices: [...devices.values()], bars: bars.values(), plan: [], now, span: undefined };
    const layout = layOutGantt({ ...input, held, openedAt: origin, width: 800 });
    expect(layout.lanes.map(({ device }) => device)).toEqual(['handler', 'reader', 'arm', 'rack']);
    const placed = layout.bars.filter(({ state }) => state === 'held');
    expect(new Set(placed.map(({ y }) => y)).size).toBe(3);
    const rack = layout.lanes.at(-1)!;
    for (const { y, height } of placed) expect(y >= rack.y && y + height <= rack.y + rack.height).toBe(true);
    expect(describeBar(placed[0]!)).toMatch(/^Experiment 1: measured in mix, held in rack, /);
    expect(layOutGantt({ ...input, openedAt: origin, width: 800 }).lanes).toHaveLength(3);
  });
});
