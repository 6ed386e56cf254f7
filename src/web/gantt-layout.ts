import type { BarState, BarView, DeviceView, FirstPlan, PlannedBar } from '../server/contract.ts';

/** Where everything of the Gantt chart goes, as plain numbers: the drawing only draws. */
export interface PlacedBar {
  readonly key: string;
  readonly lane: number;
  readonly x: number;
  readonly width: number;
  readonly y: number;
  readonly height: number;
  readonly number: number;
  readonly kind: 'process' | 'move';
  readonly state: BarState | 'planned' | 'held';
  readonly start: number;
  readonly end: number;
  readonly device: string;
  readonly step: string;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** Width of the part of a running command that lies in the past. */
  readonly done?: number | undefined;
  readonly typical?: number | undefined;
  readonly planned?: FirstPlan | undefined;
  /** Where that is, as far as it is shown. */
  readonly plannedX?: readonly [from: number, to: number] | undefined;
  /** More than one: so many commands, too short to be told apart at this zoom. */
  readonly count: number;
}

/** A sample that waits in a rack for a decision. */
export interface HeldBar {
  readonly place: string;
  readonly number: number;
  /** The stage that has been measured. */
  readonly step: string;
  readonly start: number;
  readonly end: number;
}

export interface Lane {
  readonly device: string;
  readonly y: number;
  readonly height: number;
}

export interface GanttLayout {
  readonly lanes: readonly Lane[];
  readonly bars: readonly PlacedBar[];
  readonly height: number;
  readonly from: number;
  readonly to: number;
  readonly nowX: number;
  /** Lab time to pixels. */
  scale(at: number): number;
}

export interface GanttInput {
  readonly devices: readonly Pick<DeviceView, 'id' | 'places' | 'concurrency' | 'batch' | 'transporter'>[];
  readonly bars: Iterable<BarView>;
  readonly plan: readonly PlannedBar[];
  /** Racks with samples that were held get lanes below the devices. */
  readonly held?: readonly HeldBar[];
  readonly now: number;
  /** What to show of the past, ms; undefined: all of it. */
  readonly span: number | undefined;
  readonly openedAt: number;
  readonly finishedAt?: number | undefined;
  readonly width: number;
}

const row = 20;
const gap = 8;
/** Of a rack: many samples wait at once. */
const thinRow = 14;
/** Devices that work on many samples at once show them in so many rows; more share the last. */
const mostRows = 4;
const mostHeld = 12;

interface Span {
  readonly start: number;
  readonly end: number;
}

export function layOutGantt(input: GanttInput): GanttLayout {
  const { from, to } = windowOf(input);
  const scale = (at: number) => ((at - from) / (to - from)) * input.width;
  const lanes: Lane[] = [];
  const bars: PlacedBar[] = [];
  const byDevice = groupVisible(input, from, to);
  let y = 0;
  const addLane = (id: string, most: number, rowHeight: number) => {
    const own = byDevice.get(id) ?? [];
    const rows = assignRows(own, most);
    const used = Math.max(1, ...rows.map((r) => r + 1));
    const placed = own.map((bar, i) =>
      place(bar, { lane: lanes.length, top: y + rows[i]! * rowHeight, rowHeight }, scale, input),
    );
    bars.push(...mergeTiny(placed));
    const height = used * rowHeight + gap;
    lanes.push({ device: id, y, height });
    y += height;
  };
  for (const device of input.devices) addLane(device.id, rowsOf(device), row);
  for (const rack of new Set(input.held?.map(({ place }) => place))) addLane(rack, mostHeld, thinRow);
  return { lanes, bars, height: y, from, to, nowX: scale(input.now), scale };
}

function place(
  bar: Unplaced,
  { lane, top, rowHeight }: { readonly lane: number; readonly top: number; readonly rowHeight: number },
  scale: (at: number) => number,
  { width, now }: GanttInput,
): PlacedBar {
  const thin = bar.kind === 'move' ? 3 : 0;
  const x = Math.max(0, scale(bar.start));
  const end = Math.min(width, scale(bar.end));
  const shown = (at: number) => Math.min(width, Math.max(0, scale(at)));
  return {
    ...bar,
    lane,
    x,
    width: Math.max(1.5, end - x),
    y: top + gap / 2 + thin,
    height: rowHeight - 2 - 2 * thin,
    count: 1,
    ...(bar.planned === undefined ? {} : { plannedX: [shown(bar.planned.start), shown(bar.planned.end)] as const }),
    ...(bar.state === 'running' ? { done: Math.max(0, Math.min(end, scale(now)) - x) } : {}),
  };
}

/** Commands of under two pixels that lie side by side become one bar: a day of them is no more to draw than an hour. */
function mergeTiny(bars: readonly PlacedBar[]): PlacedBar[] {
  const merged: PlacedBar[] = [];
  const lastOfRow = new Map<number, number>();
  for (const bar of bars) {
    const ordinary = bar.state !== 'failed' && bar.state !== 'indeterminate';
    const at = lastOfRow.get(bar.y);
    const last = at === undefined ? undefined : merged[at];
    const side =
      last !== undefined &&
      bar.x - (last.x + last.width) < 1 &&
      (last.state === 'planned') === (bar.state === 'planned');
    if (at !== undefined && ordinary && side && bar.width < 2 && (last.count > 1 || last.width < 2)) {
      const end = Math.max(last.end, bar.end);
      merged[at] = { ...last, width: Math.max(last.width, bar.x + bar.width - last.x), end, count: last.count + 1 };
    } else {
      lastOfRow.set(bar.y, merged.length);
      merged.push(bar);
    }
  }
  return merged;
}

/** Past on the left, a part of the future on the right while there is one. */
function windowOf({ now, span, openedAt, finishedAt, plan }: GanttInput): { from: number; to: number } {
  const end = finishedAt ?? now;
  const from = span === undefined ? openedAt : Math.max(openedAt, end - span);
  const past = Math.max(60_000, end - from);
  const planned = finishedAt === undefined ? plan.reduce((last, bar) => Math.max(last, bar.end), end) : end;
  const future = span === undefined ? planned - end : Math.min(planned - end, Math.max(span, past) * 0.5);
  return { from, to: Math.max(from + 60_000, end + Math.max(future, past * 0.02)) };
}

type Unplaced = Omit<PlacedBar, 'lane' | 'x' | 'width' | 'y' | 'height' | 'done' | 'count'>;

function groupVisible({ bars, plan, held = [], now }: GanttInput, from: number, to: number): Map<string, Unplaced[]> {
  const groups = new Map<string, Unplaced[]>();
  const add = (bar: Unplaced) => {
    if (bar.end < from || bar.start > to) return;
    const group = groups.get(bar.device);
    if (group === undefined) groups.set(bar.device, [bar]);
    else group.push(bar);
  };
  // The plan is told a little later than what has happened: what it still expects may have begun already.
  const begun = new Set<string>();
  for (const { id, ...bar } of bars) {
    const open = bar.state === 'running' || bar.state === 'intended';
    if (open) begun.add(nameOf(bar));
    add({ ...bar, key: id, end: open ? Math.max(bar.end, now) : bar.end });
  }
  plan.forEach((bar, i) => {
    if (bar.end > now && !begun.has(nameOf(bar)))
      add({ ...bar, key: `plan-${i}`, start: Math.max(bar.start, now), state: 'planned' });
  });
  held.forEach(({ place: device, ...bar }, i) =>
    add({ ...bar, key: `held-${i}`, device, kind: 'process', state: 'held' }),
  );
  for (const group of groups.values()) group.sort((a, b) => a.start - b.start || a.end - b.end);
  return groups;
}

const nameOf = ({ device, number, step, kind }: Pick<PlannedBar, 'device' | 'number' | 'step' | 'kind'>): string =>
  `${device}/${number}/${step}/${kind}`;

/** As many rows as the device works on samples at once: a plan that is late must not make the lane jump. */
function rowsOf({ places, concurrency, batch, transporter }: GanttInput['devices'][number]): number {
  return transporter ? 1 : Math.min(mostRows, batch ? places : concurrency);
}

/** The span that shows some fifteen steps of a device side by side. */
export function suitableSpan(bars: Iterable<BarView>, spans: readonly number[]): number {
  let total = 0;
  let count = 0;
  for (const { kind, start, end } of bars) {
    if (kind !== 'process') continue;
    total += end - start;
    count += 1;
  }
  const wanted = count === 0 ? 0 : (15 * total) / count;
  const distance = (span: number) => Math.abs(Math.log(span / Math.max(1, wanted)));
  return spans.reduce((best, span) => (distance(span) < distance(best) ? span : best));
}

/** The first row that is free when a bar starts; a touch of overlap is the clock's, not the device's. */
export function assignRows(sorted: readonly Span[], most: number): number[] {
  const ends: number[] = [];
  return sorted.map(({ start, end }) => {
    const free = ends.findIndex((last) => last <= start + 500);
    const index = free >= 0 ? free : Math.min(ends.length, most - 1);
    ends[index] = Math.max(ends[index] ?? -Infinity, end);
    return index;
  });
}

export type Direction = 'left' | 'right' | 'up' | 'down';

/** The bar that an arrow key leads to: along the lane, or to the nearest in time on the next lane that has one. */
export function neighbour(
  bars: readonly PlacedBar[],
  key: string | undefined,
  direction: Direction,
): PlacedBar | undefined {
  const known = bars.find((bar) => bar.key === key);
  if (known === undefined) return bars.findLast((bar) => bar.state === 'running') ?? bars.at(-1);
  if (direction === 'left' || direction === 'right') {
    const lane = bars.filter((bar) => bar.lane === known.lane);
    return lane[lane.indexOf(known) + (direction === 'right' ? 1 : -1)] ?? known;
  }
  const step = direction === 'down' ? 1 : -1;
  const lanes = new Set(bars.map((bar) => bar.lane));
  for (let lane = known.lane + step; lane >= 0 && lane <= Math.max(...lanes); lane += step) {
    const others = bars.filter((bar) => bar.lane === lane);
    if (others.length > 0)
      return others.reduce((a, b) => (Math.abs(b.start - known.start) < Math.abs(a.start - known.start) ? b : a));
  }
  return known;
}
