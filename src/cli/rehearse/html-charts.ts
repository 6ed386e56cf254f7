import { amountText, digits, durationText, energyText } from '../text.ts';
import { type EnergyPoint, powerOf } from './energy.ts';
import type { Figures } from './figures.ts';
import type { Refill } from './refills.ts';
import type { StockCurve } from './stock.ts';
import { type Axis, dayLines, escaped, hourLines, px, titled, xOf } from './svg.ts';
import { instantText } from './times.ts';

const chartHeight = 90;

/** A curve with what it says below it. */
const figure = (axis: Axis, said: string, drawn: string): string =>
  `<figure><figcaption>${escaped(said)}</figcaption><svg viewBox="0 0 ${axis.width} ${chartHeight + 32}" role="img" aria-label="${escaped(said)}">${hourLines(axis, chartHeight, 4)}${dayLines(axis, 0, chartHeight)}<line class="grid" x1="0" x2="${axis.width}" y1="${chartHeight}" y2="${chartHeight}"/>${drawn}</svg></figure>`;

const yOf =
  (most: number) =>
  (value: number): string =>
    px(chartHeight - (chartHeight * Math.max(0, value)) / Math.max(1e-30, most));

/** What is left of a material, when its lots are used up, and when it must be refilled. */
export function stockChart(
  { material, unit, points, emptied }: StockCurve,
  axis: Axis,
  refills: readonly Refill[],
): string {
  const y = yOf(Math.max(...points.map(([, amount]) => amount)));
  const steps = points.map(([at, amount], i) =>
    i === 0 ? `M${px(xOf(axis, at))},${y(amount)}` : `H${px(xOf(axis, at))}V${y(amount)}`,
  );
  const when = (at: number) => instantText(axis.startAt + at, axis.timezone);
  const line = (at: number, kind: string, title: string) =>
    `<line class="${kind}" x1="${px(xOf(axis, at))}" x2="${px(xOf(axis, at))}" y1="0" y2="${chartHeight}">${titled(title)}</line>`;
  const gone = emptied.map(({ lot, at }) => ({ at, said: `${lot} is used up after ${durationText(at)}, ${when(at)}` }));
  const short = refills
    .filter((refill) => refill.material === material && refill.short <= axis.makespan)
    .map((refill) => line(refill.short, 'empty', `${material} is short at ${when(refill.short)}`));
  const said = `${material}: ${amountText(points.at(-1)![1], unit)} of ${amountText(points[0]![1], unit)} left`;
  return figure(
    axis,
    [said, ...gone.map((entry) => entry.said)].join('; '),
    `${gone.map(({ at, said: title }) => line(at, 'empty', title)).join('')}${short.join('')}<path class="curve" d="${steps.join('')}H${axis.width}"/>`,
  );
}

/** Power of the devices with a meter, then energy, emissions and cost as they add up. */
export function energyCharts({ energy, metered, report }: Figures, axis: Axis): string {
  const last = energy.at(-1)!;
  const devices = Object.keys(last.joules)
    .filter((device) => last.joules[device]! > 0)
    .sort((a, b) => last.joules[b]! - last.joules[a]!);
  const power = devices
    .filter((device) => metered.includes(device))
    .map((device) => powerChart(energy, device, axis, last.joules[device]!));
  return [
    ...power,
    energyChart(energy, devices, axis),
    risingChart(
      energy,
      ({ co2eKg }) => co2eKg,
      axis,
      `Emissions, energy and materials: ${digits(last.co2eKg * 1000)} gCO2e`,
    ),
    risingChart(
      energy,
      ({ cost }) => cost,
      axis,
      `Cost, energy and materials: ${digits(last.cost)} ${report.currency}`,
    ),
  ].join('\n');
}

/** What all devices have used together, and each of them. */
function energyChart(points: readonly EnergyPoint[], devices: readonly string[], axis: Axis): string {
  const last = points.at(-1)!;
  const sum = ({ joules }: EnergyPoint) => Object.values(joules).reduce((a, b) => a + b, 0);
  const y = yOf(sum(last));
  const own = devices.map((device) => {
    const joules = (point: EnergyPoint) => point.joules[device] ?? 0;
    const path = linePath(points, joules, axis, y);
    return `<path class="part" d="${path}">${titled(`${device}: ${energyText(joules(last))}`)}</path>`;
  });
  const parts = devices.map((device) => `${device} ${energyText(last.joules[device]!)}`).join(', ');
  const said = `Energy: ${energyText(sum(last))}${devices.length > 1 ? ` (${parts})` : ''}`;
  return figure(
    axis,
    said,
    `${own.join('')}<path class="curve" d="${linePath(points, sum, axis, y)}">${titled(said)}</path>`,
  );
}

function powerChart(points: readonly EnergyPoint[], device: string, axis: Axis, joules: number): string {
  const power = powerOf(points, device);
  const most = Math.max(...power.map(([, , watts]) => watts), 0);
  const y = yOf(most);
  const path = power.map(([, to, watts]) => `V${y(watts)}H${px(xOf(axis, to))}`).join('');
  const begin = px(xOf(axis, power[0]?.[0] ?? 0));
  const said = `${device}: ${energyText(joules)}, up to ${digits(most)} W`;
  return figure(axis, said, `<path class="power" d="M${begin},${y(0)}${path}V${y(0)}Z">${titled(said)}</path>`);
}

function risingChart(
  points: readonly EnergyPoint[],
  value: (point: EnergyPoint) => number,
  axis: Axis,
  said: string,
): string {
  const path = linePath(points, value, axis, yOf(value(points.at(-1)!)));
  return figure(axis, said, `<path class="curve" d="${path}">${titled(said)}</path>`);
}

const linePath = (
  points: readonly EnergyPoint[],
  value: (point: EnergyPoint) => number,
  axis: Axis,
  y: (value: number) => string,
): string => points.map((point, i) => `${i === 0 ? 'M' : 'L'}${px(xOf(axis, point.at))},${y(value(point))}`).join('');

/** When the replicates ended: a dot for each, and the band from the 10th to the 90th percentile. */
export function ends(
  makespans: readonly number[],
  band: { p10: number; median: number; p90: number },
  width: number,
): string {
  const [low, high] = [Math.min(...makespans), Math.max(...makespans)];
  const x = (ms: number) => px(60 + ((width - 120) * (ms - low)) / Math.max(1, high - low));
  const dots = makespans.map((ms) => `<circle cx="${x(ms)}" cy="20" r="5">${titled(durationText(ms))}</circle>`);
  const bandShape = `<line class="band" x1="${x(band.p10)}" x2="${x(band.p90)}" y1="20" y2="20">${titled(`10th to 90th percentile: ${durationText(band.p10)} to ${durationText(band.p90)}`)}</line>`;
  const label = (ms: number) => `<text x="${x(ms)}" y="45" text-anchor="middle">${durationText(ms)}</text>`;
  return `<svg viewBox="0 0 ${width} 50" role="img" aria-label="Ends of the rehearsals"><line class="grid" x1="60" x2="${width - 60}" y1="20" y2="20"/>${bandShape}${dots.join('')}${label(low)}${label(high)}</svg>`;
}
