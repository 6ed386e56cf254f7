import type { Definition } from '../../domain/campaign.ts';
import { amountText, durationText } from '../text.ts';
import type { Bar, Figures } from './figures.ts';
import type { StockCurve } from './stock.ts';

/** One page without anything that it would have to load: the Gantt chart, the stock, and the figures as text. */
export function rehearsalPage(all: readonly Figures[], definition: Definition, text: string): string {
  const [first] = all as readonly [Figures, ...Figures[]];
  const { campaign } = definition.campaign;
  const figures = text.split('\nSchedule of the first rehearsal')[0]!;
  const makespan = Math.max(1, first.report.makespanMs);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Rehearsal of ${escaped(campaign)}</title>
<style>${style}</style>
</head>
<body>
<h1>Rehearsal of ${escaped(campaign)}</h1>
<p>${all.length === 1 ? 'One rehearsal' : `${all.length} rehearsals; the charts show the first`}. Times count from the start of the campaign.</p>
<h2>Schedule</h2>
${gantt(first.bars, makespan)}
<h2>Stock</h2>
<div class="stock">${first.stock.map((curve) => stockChart(curve, makespan)).join('\n')}</div>
${all.length === 1 ? '' : `<h2>End of the campaign</h2>\n${ends(all.map(({ report }) => report.makespanMs))}`}
<h2>Figures</h2>
<pre>${escaped(figures)}</pre>
</body>
</html>
`;
}

const style = `
:root { color-scheme: light dark; --line: #8884; --accent: #1f6f68; }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 1200px; margin: 24px auto; padding: 0 16px; }
h1 { font-size: 22px; } h2 { font-size: 16px; margin-top: 28px; }
svg { width: 100%; height: auto; overflow: visible; }
svg text { font-size: 11px; fill: currentColor; }
svg .grid { stroke: var(--line); }
svg .curve { fill: none; stroke: var(--accent); stroke-width: 1.5; }
svg .empty { stroke: #b3541e; stroke-dasharray: 3 3; }
figure { margin: 0; }
.stock { display: grid; grid-template-columns: repeat(auto-fill, minmax(340px, 1fr)); gap: 8px 24px; }
pre { overflow-x: auto; }
`;

const width = 1160;
const left = 110;
const laneHeight = 22;
const xOf = (ms: number, makespan: number): number => left + ((width - left) * ms) / makespan;

/** Text of a lab in HTML. */
const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** A lane for each device; one colour for each experiment, told by the title of every bar. */
function gantt(bars: readonly Bar[], makespan: number): string {
  const devices = [...new Set(bars.map(({ device }) => device))].sort();
  const experiments = [...new Set(bars.map(({ experiment }) => experiment))].sort();
  const height = devices.length * laneHeight;
  const lanes = devices.map((device, i) => {
    const y = i * laneHeight;
    const own = bars.filter((bar) => bar.device === device).map((bar) => barShape(bar, y, experiments, makespan));
    return `<text x="${left - 8}" y="${y + 15}" text-anchor="end">${escaped(device)}</text>${own.join('')}`;
  });
  return `<svg viewBox="0 0 ${width} ${height + 22}" role="img" aria-label="Gantt chart">${hours(makespan, height)}${lanes.join('\n')}</svg>`;
}

function barShape(
  { experiment, step, device, start, end }: Bar,
  y: number,
  experiments: readonly string[],
  makespan: number,
): string {
  const [x, x2] = [xOf(start, makespan), xOf(end, makespan)];
  // Neighbours on the wheel of colours are far apart: the golden angle.
  const hue = Math.round(experiments.indexOf(experiment) * 137.5) % 360;
  const title = `${experiment}: ${step} on ${device}, ${durationText(start)} to ${durationText(end)}`;
  return `<rect x="${x.toFixed(1)}" y="${y + 3}" width="${Math.max(1, x2 - x).toFixed(1)}" height="${laneHeight - 6}" rx="2" fill="hsl(${hue} 45% 60%)"><title>${escaped(title)}</title></rect>`;
}

const minute = 60_000;
const spacings = [1, 2, 5, 10, 15, 30, 60, 120, 240, 480, 720, 1440, 2880, 10_080].map((minutes) => minutes * minute);

/** Lines at round times, at most a dozen. */
function hours(makespan: number, height: number): string {
  const spacing = spacings.find((each) => makespan / each <= 12) ?? spacings.at(-1)!;
  const lines = Array.from({ length: Math.floor(makespan / spacing) + 1 }, (_, i) => {
    const x = xOf(i * spacing, makespan).toFixed(1);
    const label = i === 0 ? '0' : durationText(i * spacing);
    return `<line class="grid" x1="${x}" x2="${x}" y1="0" y2="${height}"/><text x="${x}" y="${height + 15}" text-anchor="middle">${label}</text>`;
  });
  return lines.join('');
}

const [chartWidth, chartHeight] = [340, 90];

function stockChart({ material, unit, points, emptied }: StockCurve, makespan: number): string {
  const most = Math.max(1e-30, ...points.map(([, amount]) => amount));
  const x = (ms: number) => ((chartWidth * Math.max(0, Math.min(ms, makespan))) / makespan).toFixed(1);
  const y = (amount: number) => (chartHeight - (chartHeight * Math.max(0, amount)) / most).toFixed(1);
  const steps = points.map(([at, amount], i) => (i === 0 ? `M${x(at)},${y(amount)}` : `H${x(at)}V${y(amount)}`));
  const marks = emptied.map(
    ({ lot, at }) =>
      `<line class="empty" x1="${x(at)}" x2="${x(at)}" y1="0" y2="${chartHeight}"><title>${escaped(lot)} is used up after ${durationText(at)}</title></line>`,
  );
  const last = points.at(-1)![1];
  const said = `${material}: ${amountText(last, unit)} of ${amountText(points[0]![1], unit)} left`;
  const runOut = emptied.map(({ lot, at }) => `${lot} is used up after ${durationText(at)}`);
  return `<figure><figcaption>${escaped([said, ...runOut].join('; '))}</figcaption><svg viewBox="0 0 ${chartWidth} ${chartHeight}" role="img" aria-label="${escaped(said)}"><line class="grid" x1="0" x2="${chartWidth}" y1="${chartHeight}" y2="${chartHeight}"/>${marks.join('')}<path class="curve" d="${steps.join('')}H${chartWidth}"/></svg></figure>`;
}

/** When the replicates ended: a dot for each, between the first and the last. */
function ends(makespans: readonly number[]): string {
  const [low, high] = [Math.min(...makespans), Math.max(...makespans)];
  const x = (ms: number) => 40 + ((width - 80) * (ms - low)) / Math.max(1, high - low);
  const dots = makespans.map(
    (ms) =>
      `<circle cx="${x(ms).toFixed(1)}" cy="20" r="5" fill="#1f6f68" fill-opacity="0.6"><title>${durationText(ms)}</title></circle>`,
  );
  return `<svg viewBox="0 0 ${width} 50" role="img" aria-label="Ends of the rehearsals"><line class="grid" x1="40" x2="${width - 40}" y1="20" y2="20"/>${dots.join('')}<text x="40" y="45" text-anchor="middle">${durationText(low)}</text><text x="${width - 40}" y="45" text-anchor="middle">${durationText(high)}</text></svg>`;
}
