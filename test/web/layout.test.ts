import { describe, expect, it } from 'vitest';
import { timeTicks } from '../../src/web/axis.ts';
import { better, convergenceOf, goalSentence } from '../../src/web/convergence-data.ts';
import { nextSort, sortExperiments } from '../../src/web/experiments-sort.ts';
import { assignRows, layOutGantt, neighbour, suitableSpan, type GanttInput } from '../../src/web/gantt-layout.ts';
import { describeBar } from '../../src/web/gantt.tsx';
import { applyEvent, createModel } from '../../src/server/read-model.ts';
import { origin, writeScript } from '../server/script.ts';

const minute = 60_000;
const script = writeScript({ fails: 6 });

function viewAt(at: number) {
  const model = createModel();
  for (const event of script.events) if (event.at <= at) applyEvent(model, event);
  return model.sections;
}

function inputAt(at: number, more: Partial<GanttInput> = {}): GanttInput {
  const { devices, bars } = viewAt(at);
  const plan = script.assignments
    .filter((assignment) => assignment.start > at)
    .map(({ resource, ...rest }) => ({ ...rest, device: resource, number: 1 }));
  return {
    devices: [...devices.values()],
    bars: bars.values(),
    plan,
    now: at,
    span: 10 * minute,
    openedAt: origin,
    width: 800,
    ...more,
  };
}

describe('the layout of the Gantt chart', () => {
  it('puts every visible bar inside the drawing, on the lane of its device', () => {
    const { bars, lanes, height, nowX } = layOutGantt(inputAt(origin + 15 * minute));
    expect(lanes.map((lane) => lane.device)).toEqual(['handler', 'reader', 'arm']);
    expect(bars.length).toBeGreaterThan(30);
    for (const bar of bars) {
      const lane = lanes[bar.lane]!;
      expect(lane.device).toBe(bar.device);
      expect(bar.x).toBeGreaterThanOrEqual(0);
      expect(bar.x + bar.width).toBeLessThanOrEqual(802);
      expect(bar.y).toBeGreaterThanOrEqual(lane.y);
      expect(bar.y + bar.height).toBeLessThanOrEqual(lane.y + lane.height);
    }
    expect(height).toBe(lanes.at(-1)!.y + lanes.at(-1)!.height);
    expect(nowX).toBeGreaterThan(400);
  });

  it('draws when a step was planned first under it, and says what differs', () => {
    const { bars } = layOutGantt(inputAt(origin + 15 * minute));
    const done = bars.filter(({ state, kind, count }) => state === 'ok' && kind === 'process' && count === 1);
    for (const { plannedX, planned } of done) {
      expect(planned).toBeDefined();
      for (const x of plannedX!) expect(x >= 0 && x <= 800).toBe(true);
    }
    const bar = {
      ...done[0]!,
      start: 0,
      end: 10 * minute,
      typical: 7 * minute,
      planned: { start: -12 * minute, end: 0 },
    };
    expect(describeBar(bar)).toMatch(/, ok; began 12 min later than first planned; ran 3 min longer than typical$/);
    expect(describeBar({ ...bar, planned: { start: minute, end: 0 }, typical: 11 * minute })).toMatch(
      /; began 1 min earlier than first planned; ran 1 min shorter than typical$/,
    );
    expect(describeBar({ ...bar, planned: { start: 4000, end: 0 }, typical: bar.end - 4000 })).toMatch(/, ok$/);
    expect(describeBar({ ...bar, state: 'planned' })).toMatch(/, planned; 12 min later than first planned$/);
  });

  it('parts past from future at the now line', () => {
    const { bars, nowX } = layOutGantt(inputAt(origin + 15 * minute));
    for (const bar of bars) {
      if (bar.state === 'planned') expect(bar.x).toBeGreaterThanOrEqual(nowX - 2);
      if (bar.state === 'ok') expect(bar.x + bar.width).toBeLessThanOrEqual(nowX + 2);
      if (bar.state === 'running') expect(bar.x + bar.done!).toBeCloseTo(nowX, 0);
    }
    for (const state of ['ok', 'failed', 'running', 'planned'])
      expect(bars.map((bar) => bar.state as string)).toContain(state);
  });

  it('does not plan what has begun', () => {
    const input = inputAt(origin + 15 * minute);
    const running = [...viewAt(input.now).bars.values()].find((bar) => bar.state === 'running')!;
    const { device, number, step, kind, start, end } = running;
    const late = { device, number, step, kind, start: start - 1000, end: end + 5000 };
    const waiting = { ...late, number: 99, start: input.now - minute, end: input.now + minute };
    const planned = layOutGantt({ ...input, plan: [late, waiting] }).bars.filter((bar) => bar.state === 'planned');
    expect(planned.map((bar) => [bar.number, bar.start])).toEqual([[99, input.now]]);
  });

  it('shows the last minutes only, and all on demand', () => {
    const late = inputAt(origin + 25 * minute);
    const near = layOutGantt(late);
    expect(near.from).toBe(origin + 15 * minute);
    expect(layOutGantt({ ...inputAt(origin + 25 * minute), span: undefined }).from).toBe(origin);
  });

  it('draws a bounded number of bars however many there are', () => {
    const long = writeScript({ experiments: 700 });
    const model = createModel();
    for (const event of long.events) applyEvent(model, event);
    const at = long.events.at(-1)!.at;
    const { devices, bars } = model.sections;
    const layout = layOutGantt({
      ...inputAt(origin),
      devices: [...devices.values()],
      bars: bars.values(),
      now: at,
      plan: [],
      span: undefined,
    });
    expect(bars.size).toBeGreaterThan(3000);
    expect(layout.bars.length).toBeLessThan(1300);
    expect(layout.bars.reduce((sum, bar) => sum + bar.count, 0)).toBe(bars.size);
  });

  it('begins with a span that fits the steps', () => {
    const steps = (ms: number) => [{ kind: 'process', start: 0, end: ms }] as unknown as Iterable<never>;
    const spans = [10 * minute, 60 * minute, 480 * minute];
    expect(suitableSpan([], spans)).toBe(10 * minute);
    expect(suitableSpan(steps(minute), spans)).toBe(10 * minute);
    expect(suitableSpan(steps(10 * minute), spans)).toBe(60 * minute);
    expect(suitableSpan(steps(240 * minute), spans)).toBe(480 * minute);
  });

  it('stacks what a device does at once, as far as it can', () => {
    const spans = [0, 0, 0, 10_000].map((start) => ({ start, end: start + 9000 }));
    expect(assignRows(spans, 4)).toEqual([0, 1, 2, 0]);
    expect(assignRows(spans, 2)).toEqual([0, 1, 1, 0]);
  });

  it('is walked by arrow keys', () => {
    const { bars } = layOutGantt(inputAt(origin + 15 * minute));
    const first = neighbour(bars, undefined, 'right')!;
    expect(first.state).toBe('running');
    const left = neighbour(bars, first.key, 'left')!;
    expect(left.lane).toBe(first.lane);
    expect(left.start).toBeLessThan(first.start);
    expect(neighbour(bars, left.key, 'right')).toBe(first);
    expect(neighbour(bars, bars[0]!.key, 'up')).toBe(bars[0]);
    expect(neighbour(bars, bars[0]!.key, 'down')?.lane).toBe(1);
  });

  it('stands empty before anything has happened', () => {
    const layout = layOutGantt(inputAt(origin, { bars: [], plan: [], width: 50 }));
    expect(layout.bars).toEqual([]);
    expect(layout.to).toBeGreaterThan(layout.from);
  });
});

describe('time ticks', () => {
  it.each([1, 10, 60, 600, 4000, 50_000])('are round and few over %i minutes', (minutes) => {
    const from = new Date(2026, 0, 5, 8, 3, 17).getTime();
    const ticks = timeTicks(from, from + minutes * minute, 8);
    expect(ticks.length).toBeGreaterThan(1);
    expect(ticks.length).toBeLessThanOrEqual(9);
    const step = ticks[1]!.at - ticks[0]!.at;
    for (const [i, { at }] of ticks.entries()) expect(at).toBe(ticks[0]!.at + i * step);
  });

  it('name the day at midnight', () => {
    const from = new Date(2026, 0, 5, 20).getTime();
    expect(timeTicks(from, from + 480 * minute, 8).map((tick) => tick.label)).toContain('6 Jan');
  });

  it('are none where there is no time', () => {
    expect(timeTicks(5, 5, 8)).toEqual([]);
    expect(timeTicks(NaN, NaN, 8)).toEqual([]);
  });
});

describe('convergence', () => {
  const result = (number: number, d: number) => ({ id: `e${number}`, number, at: number, values: { d } });
  const objective = { name: 'd', unit: '' } as const;

  it('is in the order of the numbers, whatever the order of the ends', () => {
    const { numbers, best } = convergenceOf([result(2, 5), result(1, 9), result(3, 7)], {
      ...objective,
      goal: 'minimize',
    });
    expect(numbers).toEqual([1, 2, 3]);
    expect(best).toEqual([9, 5, 5]);
  });

  it('knows what better means for each goal', () => {
    expect(better({ ...objective, goal: 'maximize' }, 1, 2)).toBe(2);
    expect(better({ ...objective, goal: 'minimize' }, 1, 2)).toBe(1);
    expect(better({ ...objective, goal: 'target', target: 7 }, 5, 8)).toBe(8);
    expect(goalSentence({ ...objective, goal: 'target', target: 7, unit: 'pH' })).toBe('bring d to 7 pH');
  });
});

describe('sorting experiments', () => {
  const experiments = [...viewAt(origin + 15 * minute).experiments.values()];

  it('puts those without a value last in both directions', () => {
    for (const descending of [true, false]) {
      const values = sortExperiments(experiments, { by: 'objective/distance', descending }).map(
        (experiment) => experiment.objectives?.['distance'],
      );
      const known = values.filter((value) => value !== undefined);
      expect(values.slice(0, known.length)).toEqual([...known].sort((a, b) => (descending ? b - a : a - b)));
    }
  });

  it('turns round on the second click', () => {
    const byStatus = nextSort({ by: 'number', descending: true }, 'status');
    expect(byStatus).toEqual({ by: 'status', descending: false });
    expect(nextSort(byStatus, 'status').descending).toBe(true);
    expect(sortExperiments(experiments, byStatus)[0]?.status).toBe('running');
  });
});
