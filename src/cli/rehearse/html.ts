import type { Definition } from '../../domain/campaign.ts';
import { bestText } from '../report.ts';
import { digits, durationText, energyText } from '../text.ts';
import { gantt } from './html-gantt.ts';
import { ends, energyCharts, stockChart } from './html-charts.ts';
import type { Rehearsal } from './report.ts';
import { type Axis, escaped } from './svg.ts';
import { bandText, bottleneckText, refillText } from './text.ts';
import { instantText } from './times.ts';

/** One page without anything that it would have to load: what will come of it, the charts, and the figures as text. */
export function rehearsalPage(rehearsal: Rehearsal, definition: Definition, text: string): string {
  const { replicates, startAt, timezone, campaign, refills, warnings } = rehearsal;
  const first = replicates[0]!;
  const time = { makespan: Math.max(1, first.report.makespanMs), startAt, timezone };
  const wide: Axis = { ...time, width: 1160, left: 110 };
  const narrow: Axis = { ...time, width: 360, left: 0 };
  const figures = text.split('\nSchedule of the first rehearsal')[0]!;
  const when = (at: number) => instantText(startAt + at, timezone);
  const work = refills.map((refill) => `<li>${escaped(refillText(refill, when))}</li>`);
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
<p>${replicates.length === 1 ? 'One rehearsal' : `${replicates.length} rehearsals: medians, in brackets the 10th and the 90th percentile; the charts show the first`}. Times count from the start, ${escaped(instantText(startAt, timezone))} (${escaped(timezone)}).</p>
${warnings.map((warning) => `<p class="warning">${escaped(warning)}</p>`).join('\n')}
${summary(rehearsal, definition)}
${work.length === 0 ? '' : `<h2>Work for people</h2>\n<ul>${work.join('')}</ul>`}
<h2>Schedule</h2>
${gantt(first, definition.lab, wide, refills)}
<p class="legend">A number in a bar: samples that share one run. Thin lines: samples that wait where they stand. Racks: how many samples are held. People: hours in which somebody is there, questions from being asked to being answered (orange), refills at the latest moment (triangles).</p>
<p>${escaped(bottleneckText(rehearsal))}</p>
<h2>Stock</h2>
<div class="charts">${first.stock.map((curve) => stockChart(curve, narrow, refills)).join('\n')}</div>
<h2>Energy, emissions and cost</h2>
<div class="charts">${energyCharts(first, narrow)}</div>
${replicates.length === 1 ? '' : `<h2>End of the campaign</h2>\n${ends(makespansOf(rehearsal), rehearsal.makespanMs, 1160)}`}
<h2>Figures</h2>
<pre>${escaped(figures)}</pre>
</body>
</html>
`;
}

const makespansOf = ({ replicates }: Rehearsal): number[] => replicates.map(({ report }) => report.makespanMs);

/** What a person wants to know first. */
function summary(rehearsal: Rehearsal, definition: Definition): string {
  const { replicates, startAt, timezone } = rehearsal;
  const count = replicates.length;
  const [best] = replicates[0]!.report.best;
  const rows: [string, string][] = [
    ['Ends', bandText(rehearsal.makespanMs, count, (ms) => instantText(startAt + ms, timezone))],
    ['Takes', bandText(rehearsal.makespanMs, count, durationText)],
    ['Experiments', `${bandText(rehearsal.completed, count, digits)} of ${definition.campaign.budget.experiments}`],
    ...(best === undefined ? [] : [['Best', bestText(definition, best)] as [string, string]]),
    ['Energy', bandText(rehearsal.joules, count, energyText)],
    ['Emissions', `${bandText(rehearsal.co2eKg, count, (kg) => digits(kg * 1000))} gCO2e`],
    ['Cost', `${bandText(rehearsal.cost, count, digits)} ${definition.lab.currency}`],
    ['Questions to a person', bandText(rehearsal.questions, count, digits)],
  ];
  const cells = rows.map(([name, value]) => `<dt>${name}</dt><dd>${escaped(value)}</dd>`);
  return `<dl>${cells.join('')}</dl>`;
}

const style = `
:root { color-scheme: light dark; --line: #8884; --accent: #1f6f68; --alarm: #b3541e; }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 1200px; margin: 24px auto; padding: 0 16px; }
h1 { font-size: 22px; } h2 { font-size: 16px; margin-top: 28px; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 16px; margin: 16px 0; }
dt { opacity: 0.7; } dd { margin: 0; font-variant-numeric: tabular-nums; }
.warning { border-left: 4px solid var(--alarm); padding: 4px 12px; }
.legend { font-size: 12px; opacity: 0.75; }
svg { width: 100%; height: auto; overflow: visible; }
svg text { font-size: 11px; fill: currentColor; }
svg text.day, svg text.note { opacity: 0.7; } svg text.note { font-size: 8px; }
svg text.count { fill: #000; font-size: 10px; pointer-events: none; }
svg .grid { stroke: var(--line); }
svg line.day { stroke: currentColor; opacity: 0.35; }
svg .curve { fill: none; stroke: var(--accent); stroke-width: 1.5; }
svg .part { fill: none; stroke: currentColor; stroke-width: 0.8; opacity: 0.5; }
svg .power, svg .hold { fill: var(--accent); fill-opacity: 0.35; stroke: var(--accent); stroke-width: 0.7; }
svg .empty { stroke: var(--alarm); stroke-dasharray: 3 3; }
svg .wait { stroke-width: 1.5; }
svg .closed { fill: currentColor; opacity: 0.13; }
svg .there { fill: var(--accent); opacity: 0.2; }
svg .question { fill: var(--alarm); fill-opacity: 0.75; }
svg .refill { fill: var(--accent); } svg .missed { fill: var(--alarm); }
svg circle { fill: var(--accent); fill-opacity: 0.6; }
svg .band { stroke: var(--accent); stroke-width: 5; stroke-opacity: 0.35; }
figure { margin: 0; } figcaption { font-size: 13px; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(340px, 1fr)); gap: 12px 24px; }
pre { overflow-x: auto; }
`;
