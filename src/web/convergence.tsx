import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import type { CampaignView, ObjectiveView, ResultView, SourceView } from '../server/contract.ts';
import { convergenceOf, type Convergence } from './convergence-data.ts';
import { figure, withUnit, words } from './format.ts';
import { Empty, Panel, Switches } from './panel.tsx';
import { Sources } from './sources.tsx';
import { useWidth } from './width.ts';

export interface ConvergenceProps {
  readonly results: ReadonlyMap<string, ResultView>;
  readonly campaign: CampaignView | undefined;
  readonly sources: readonly SourceView[] | undefined;
}

export function ConvergencePanel({ results, campaign, sources }: ConvergenceProps) {
  const [chosen, choose] = useState(0);
  const objective = campaign?.objectives[chosen];
  const convergence = useMemo(() => objective && convergenceOf(results.values(), objective), [results, objective]);
  if (campaign === undefined || objective === undefined || convergence === undefined) return null;
  const names = campaign.objectives.map((each, i) => [words(each.name), i] as const);
  const best = convergence.best.at(-1);
  return (
    <Panel
      name="convergence"
      title="Convergence"
      aside={
        names.length > 1 ? (
          <Switches label="Objective" options={names} value={chosen} choose={choose} />
        ) : best === undefined ? undefined : (
          `best ${words(objective.name)} ${withUnit(best, objective.unit)}`
        )
      }
    >
      {convergence.numbers.length === 0 ? (
        <Empty>No experiment has been completed yet.</Empty>
      ) : (
        <Plot convergence={convergence} objective={objective} />
      )}
      {sources !== undefined && <Sources sources={sources} />}
    </Panel>
  );
}

const height = 220;

function Plot({ convergence, objective }: { readonly convergence: Convergence; readonly objective: ObjectiveView }) {
  const [frame, width] = useWidth<HTMLDivElement>();
  const [pointed, point] = useState<number | null>();
  const plot = useRef<uPlot>(null);
  const dark = useDark();
  const goal = objective.target ?? objective.stopAt;
  useEffect(() => {
    const chart = new uPlot(optionsFor(frame.current!, point), [[], [], [], []], frame.current!);
    plot.current = chart;
    return () => chart.destroy();
  }, [objective, dark]);
  useEffect(() => plot.current!.setSize({ width, height }), [width, objective, dark]);
  useEffect(() => {
    const { numbers, values, best } = convergence;
    plot.current!.setData([[...numbers], [...values], [...best], numbers.map(() => goal)]);
  }, [convergence, objective, dark]);
  const { numbers, values, best } = convergence;
  const say = (value: number) => withUnit(value, objective.unit);
  const label = `${words(objective.name)} of ${numbers.length} completed experiments; best ${figure(best.at(-1)!)}`;
  return (
    <>
      <div class="plot" ref={frame} role="img" aria-label={label} />
      <p class="detail">
        {pointed !== undefined && pointed !== null && numbers[pointed] !== undefined ? (
          `Experiment ${numbers[pointed]}: ${words(objective.name)} ${say(values[pointed]!)}, best so far ${say(best[pointed]!)}`
        ) : (
          <span class="legend">
            <span>
              <span class="key dot-key" /> each experiment
            </span>
            <span>
              <span class="key line-key" /> best so far
            </span>
            {goal !== undefined && (
              <span>
                <span class="key goal-key" /> {objective.goal === 'target' ? 'target' : 'good enough'}
              </span>
            )}
          </span>
        )}
      </p>
    </>
  );
}

function optionsFor(frame: HTMLElement, point: (index: number | null) => void): uPlot.Options {
  const colour = (name: string) => getComputedStyle(frame).getPropertyValue(name).trim();
  const font = `12px ${getComputedStyle(frame).fontFamily}`;
  const axis: uPlot.Axis = {
    stroke: colour('--quiet'),
    font,
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
  };
  const dots = colour('--dots');
  return {
    width: 400,
    height,
    padding: [10, 14, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false } },
    hooks: { setCursor: [(chart) => point(chart.cursor.idx ?? null)] },
    scales: { x: { time: false, range: (_, min, max) => [Math.min(min, max) - 0.5, max + 0.5] } },
    axes: [
      { ...axis, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000], space: 40, size: 26 },
      { ...axis, size: 48, values: (_, ticks) => ticks.map((tick) => figure(tick)) },
    ],
    series: [
      {},
      { paths: () => null, points: { show: true, size: 7, fill: dots, stroke: dots } },
      { stroke: colour('--accent'), width: 2, paths: uPlot.paths.stepped!({ align: 1 }), points: { show: false } },
      { stroke: colour('--wait'), width: 1.5, dash: [5, 4], points: { show: false } },
    ],
  };
}

/** The canvas does not follow the colours of the page by itself. */
function useDark(): boolean {
  const query = useMemo(() => matchMedia('(prefers-color-scheme: dark)'), []);
  const [dark, setDark] = useState(query.matches);
  useEffect(() => {
    const change = () => setDark(query.matches);
    query.addEventListener('change', change);
    return () => query.removeEventListener('change', change);
  }, [query]);
  return dark;
}
