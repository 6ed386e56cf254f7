import { useMemo, useState } from 'preact/hooks';
import type { BarView, CampaignView, DeviceView, ExperimentView, StatusView } from '../server/contract.ts';
import { timeTicks } from './axis.ts';
import { heldBars } from './decisions.ts';
import { clock, duration, words } from './format.ts';
import {
  layOutGantt,
  neighbour,
  suitableSpan,
  type Direction,
  type GanttLayout,
  type PlacedBar,
} from './gantt-layout.ts';
import { Empty, Panel, Switches } from './panel.tsx';
import { useWidth } from './width.ts';

export interface GanttProps {
  readonly devices: ReadonlyMap<string, DeviceView>;
  readonly bars: ReadonlyMap<string, BarView>;
  readonly experiments: ReadonlyMap<string, ExperimentView>;
  readonly status: StatusView | undefined;
  readonly campaign: CampaignView | undefined;
  readonly now: number;
}

const minute = 60_000;
const spans = [
  ['10 min', 10 * minute],
  ['1 h', 60 * minute],
  ['8 h', 480 * minute],
  ['All', 'all'],
] as const;
const axisHeight = 22;

/** What every device did, does and will do. Colours follow the experiment, so that a sample can be followed by eye. */
export function GanttPanel({ devices, bars, experiments, status, campaign, now }: GanttProps) {
  const [chosenSpan, zoom] = useState<number | 'all'>();
  const suitable = useMemo(() => suitableSpan(bars.values(), [10 * minute, 60 * minute, 480 * minute]), [bars]);
  const zoomed = chosenSpan ?? suitable;
  const span = zoomed === 'all' ? undefined : zoomed;
  const [selected, select] = useState<string>();
  const [frame, width] = useWidth<HTMLDivElement>();
  // Time goes on in steps of a pixel: more often there is nothing new to draw.
  const shown = span ?? (campaign === undefined ? minute : now - campaign.openedAt);
  const step = Math.max(1, Math.round(shown / width));
  const seen = Math.floor(now / step) * step;
  const layout = useMemo(
    () =>
      layOutGantt({
        devices: [...devices.values()],
        bars: bars.values(),
        plan: status?.plan ?? [],
        held: campaign?.legs === undefined ? [] : heldBars(experiments.values(), seen),
        now: seen,
        span,
        openedAt: campaign?.openedAt ?? now,
        finishedAt: campaign?.finishedAt,
        width,
      }),
    [devices, bars, experiments, status?.plan, seen, span, width],
  );
  const pinned = campaign?.pinned;
  const chosen = layout.bars.find((bar) => bar.key === selected);
  return (
    <Panel
      name="gantt"
      title={pinned === undefined ? 'Schedule' : `Schedule, pinned by ${pinned.by} since ${clock(pinned.since, false)}`}
      aside={<Switches label="Time shown" options={spans} value={zoomed} choose={zoom} />}
    >
      {bars.size === 0 && (status?.plan.length ?? 0) === 0 && <Empty>Nothing has been planned yet.</Empty>}
      <div class="gantt-body">
        <div class="lane-names" aria-hidden="true">
          {layout.lanes.map(({ device, height }) => (
            <div style={{ height: `${height}px` }}>{device}</div>
          ))}
        </div>
        <div class="gantt-frame" ref={frame}>
          <Chart
            layout={layout}
            width={width}
            chosen={chosen}
            select={select}
            over={campaign?.finishedAt !== undefined}
          />
        </div>
      </div>
      <p class="detail" role="status">
        {chosen === undefined ? <Legend staged={campaign?.legs !== undefined} /> : describeBar(chosen)}
      </p>
    </Panel>
  );
}

const arrows: Readonly<Record<string, Direction>> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
};

function Chart(props: {
  readonly layout: GanttLayout;
  readonly width: number;
  readonly chosen: PlacedBar | undefined;
  readonly select: (key: string | undefined) => void;
  readonly over: boolean;
}) {
  const { layout, width, chosen, select, over } = props;
  const { height, nowX } = layout;
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') return select(undefined);
    const direction = arrows[event.key];
    if (direction === undefined) return;
    event.preventDefault();
    select(neighbour(layout.bars, chosen?.key, direction)?.key);
  };
  return (
    <svg
      width={width}
      height={height + axisHeight}
      role="group"
      tabindex={0}
      aria-label="Schedule of all devices; arrow keys go from command to command"
      onKeyDown={onKeyDown}
      onPointerLeave={() => select(undefined)}
      onPointerOver={(event) =>
        select((event.target as Element).closest('[data-key]')?.getAttribute('data-key') ?? undefined)
      }
    >
      <Grid layout={layout} width={width} />
      {layout.bars.map((bar) => (
        <Bar
          key={bar.key}
          bar={bar}
          related={bar.number === chosen?.number && chosen.count === 1}
          chosen={bar.key === chosen?.key}
        />
      ))}
      {!over && nowX >= 0 && nowX <= width && <line class="now" x1={nowX} x2={nowX} y1={0} y2={height} />}
    </svg>
  );
}

function Grid({ layout, width }: { readonly layout: GanttLayout; readonly width: number }) {
  const { lanes, height, from, to, scale } = layout;
  return (
    <g aria-hidden="true">
      {lanes.map(({ y, height }, i) => (
        <rect class={i % 2 === 0 ? 'lane' : 'lane odd'} x={0} y={y} width={width} height={height} />
      ))}
      {timeTicks(from, to, Math.max(2, width / 90)).map(({ at, label }) => {
        const x = scale(at);
        return (
          <g>
            <line class="tick" x1={x} x2={x} y1={0} y2={height} />
            {x > 16 && x < width - 22 && (
              <text class="tick-label" x={x} y={height + 15}>
                {label}
              </text>
            )}
          </g>
        );
      })}
    </g>
  );
}

function Bar({
  bar,
  related,
  chosen,
}: {
  readonly bar: PlacedBar;
  readonly related: boolean;
  readonly chosen: boolean;
}) {
  const { key, x, y, width, height, number, state, kind, done, count, plannedX } = bar;
  const classes = `bar hue${number % 8} ${count > 1 ? 'many' : state} ${kind} ${related ? 'related' : ''} ${chosen ? 'chosen' : ''}`;
  const rx = Math.min(3, width / 2);
  return (
    <g class={classes} data-key={key}>
      <title>{describeBar(bar)}</title>
      <rect x={x} y={y} width={width} height={height} rx={rx} />
      {done !== undefined && <rect class="done" x={x} y={y} width={done} height={height} rx={Math.min(rx, done / 2)} />}
      {plannedX !== undefined && count === 1 && (
        <rect class="first" x={plannedX[0]} y={y + height} width={plannedX[1] - plannedX[0]} height={2} />
      )}
      {kind === 'process' && count === 1 && width > 8 + 7 * String(number).length && (
        <text x={x + width / 2} y={y + height / 2 + 4}>
          {number}
        </text>
      )}
    </g>
  );
}

export function describeBar(bar: PlacedBar): string {
  const { number, kind, step, device, from, to, state, start, end, count } = bar;
  const when = `${clock(start)} to ${clock(end)} (${duration(end - start)})`;
  if (count > 1) return `${device}: ${count} commands, ${when}`;
  if (state === 'held') return `Experiment ${number}: measured in ${words(step)}, held in ${device}, ${when}`;
  const what = kind === 'move' ? `${device} moves it from ${from} to ${to}` : `${words(step)} on ${device}`;
  return `Experiment ${number}: ${what}, ${state === 'running' || state === 'planned' ? 'expected ' : ''}${when}, ${state}${deviations(bar).join('')}`;
}

/** What is worth a word, ms: less is the clock's and the network's. */
const noticeable = 5000;

/** How it differs from what was planned first, and from what it takes usually. */
function deviations({ state, start, end, planned, typical }: PlacedBar): string[] {
  const late = planned === undefined ? 0 : start - planned.start;
  const long = state === 'ok' && typical !== undefined ? end - start - typical : 0;
  const begins = state === 'planned' ? '' : 'began ';
  return [
    ...(Math.abs(late) < noticeable
      ? []
      : [`; ${begins}${duration(late)} ${late > 0 ? 'later' : 'earlier'} than first planned`]),
    ...(Math.abs(long) < noticeable ? [] : [`; ran ${duration(long)} ${long > 0 ? 'longer' : 'shorter'} than typical`]),
  ];
}

const Legend = ({ staged }: { readonly staged: boolean }) => (
  <span class="legend">
    {[
      ['ok', 'done'],
      ['running', 'running'],
      ['planned', 'planned'],
      ['failed', 'failed'],
      ['indeterminate', 'indeterminate'],
      ...(staged ? [['held', 'held']] : []),
      ['first', 'first planned'],
    ].map(([state, label]) => (
      <span>
        <span class={`key ${state}`} /> {label}
      </span>
    ))}
    <span>one colour per experiment</span>
  </span>
);
