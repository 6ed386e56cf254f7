import type { Span } from '../../domain/hours.ts';
import type { Lab } from '../../domain/lab.ts';
import { durationText } from '../text.ts';
import type { Bar, Figures, Stay } from './figures.ts';
import { type Lane, type Run, occupancyOf, runsOf } from './lanes.ts';
import type { Refill } from './refills.ts';
import { type Axis, dayLines, escaped, hourLines, px, titled, xOf } from './svg.ts';
import { instantText } from './times.ts';
import { refillText } from './text.ts';

const laneHeight = 22;

/**
 * A lane for each device and each arm; below it the racks, by how many samples stand there, and people. One colour for each
 * experiment; a bar that several samples share tells their number, a thin line is a sample that waits where it stands.
 */
export function gantt(figures: Figures, lab: Lab, axis: Axis, refills: readonly Refill[]): string {
  const { bars, stays, closed, questions } = figures;
  const colours = new Map([...new Set(bars.map(({ experiment }) => experiment))].sort().map((id, i) => [id, hueOf(i)]));
  const devices = Object.keys(lab.devices).map((name): Lane => {
    const own = bars.filter(({ device }) => device === name);
    const marks = [
      ...(closed[name] ?? []).map((span) => shade(axis, span, 'closed', `${name} is closed`)),
      ...stays.filter(({ place }) => place === name).map((stay) => waitLine(axis, stay, colours)),
      ...runsOf(own).map((run) => runShape(axis, run, colours)),
    ];
    return { name, marks };
  });
  const racks = Object.entries(lab.racks).flatMap(([name, { places }]): Lane[] => {
    const own = stays.filter(({ place }) => place === name);
    return own.length === 0 ? [] : [{ name, marks: [holdShape(axis, name, own, places)] }];
  });
  const busy = questions.length > 0 || refills.length > 0 || figures.staffed !== undefined;
  const people: Lane[] = busy ? [{ name: 'people', marks: peopleMarks(figures, axis, refills) }] : [];
  const lanes = [...devices, ...racks, ...people];
  const height = lanes.length * laneHeight;
  const drawn = lanes.map(
    ({ name, marks }, i) =>
      `<g transform="translate(0 ${i * laneHeight})"><text x="${axis.left - 8}" y="15" text-anchor="end">${escaped(name)}</text>${marks.join('')}</g>`,
  );
  return `<svg viewBox="0 0 ${axis.width} ${height + 34}" role="img" aria-label="Gantt chart">${hourLines(axis, height)}${dayLines(axis, 0, height)}${drawn.join('\n')}</svg>`;
}

/** Neighbours on the wheel of colours are far apart: the golden angle. */
const hueOf = (index: number): number => Math.round(index * 137.5) % 360;

const fromTo = ({ start, end }: Pick<Bar, 'start' | 'end'>): string => `${durationText(start)} to ${durationText(end)}`;

function runShape(axis: Axis, run: Run, colours: ReadonlyMap<string, number>): string {
  const { device, step, members, start } = run;
  const [x, x2] = [xOf(axis, start), xOf(axis, run.end)];
  const width = Math.max(1, x2 - x);
  const who = members.length === 1 ? members[0]! : `${members.length} samples (${members.join(', ')})`;
  const title = titled(`${who}: ${step} on ${device}, ${fromTo(run)}`);
  const fill = `hsl(${colours.get(members[0]!) ?? 0} 45% 60%)`;
  const shape = `<rect x="${px(x)}" y="3" width="${px(width)}" height="${laneHeight - 8}" rx="2" fill="${fill}">${title}</rect>`;
  if (members.length === 1 || width < 12) return shape;
  return `${shape}<text class="count" x="${px(x + width / 2)}" y="14" text-anchor="middle">${members.length}</text>`;
}

function waitLine(axis: Axis, { experiment, place, start, end }: Stay, colours: ReadonlyMap<string, number>): string {
  const [x, x2] = [xOf(axis, start), xOf(axis, end)];
  if (x2 - x < 0.5) return '';
  const title = titled(`${experiment} waits on ${place}, ${fromTo({ start, end })}`);
  return `<line class="wait" x1="${px(x)}" x2="${px(x2)}" y1="${laneHeight - 3}" y2="${laneHeight - 3}" stroke="hsl(${colours.get(experiment) ?? 0} 45% 50%)">${title}</line>`;
}

/** How many samples stand in a rack between their steps, against its places. */
function holdShape(axis: Axis, rack: string, stays: readonly Stay[], places: number): string {
  const steps = occupancyOf(stays);
  const most = Math.max(...steps.map(([, count]) => count));
  const y = (count: number) => px(laneHeight - 3 - ((laneHeight - 6) * count) / most);
  const path = steps.map(([at, count]) => `H${px(xOf(axis, at))}V${y(count)}`).join('');
  const title = titled(`${rack}: at most ${most} samples held at once, of ${places} places`);
  const label = `<text class="note" x="${px(xOf(axis, steps[0]![0]) + 3)}" y="9">up to ${most} of ${places}</text>`;
  return `<path class="hold" d="M${px(xOf(axis, steps[0]![0]))},${y(0)}${path}V${y(0)}Z">${title}</path>${label}`;
}

const shade = (axis: Axis, { from, to }: Span, kind: string, title: string): string => {
  const x = xOf(axis, from);
  const width = Math.max(0.5, xOf(axis, to) - x);
  return `<rect class="${kind}" x="${px(x)}" y="1" width="${px(width)}" height="${laneHeight - 3}">${titled(title)}</rect>`;
};

/** When somebody is there, questions from being asked to being answered, and refills at the latest moment. */
function peopleMarks({ staffed = [], questions, startAt }: Figures, axis: Axis, refills: readonly Refill[]): string[] {
  const when = (at: number) => instantText(startAt + at, axis.timezone);
  return [
    ...staffed.map((span) => shade(axis, span, 'there', `somebody is there, ${when(span.from)} to ${when(span.to)}`)),
    ...questions.map(({ experiment, question, asked, answered = axis.makespan }) => {
      const title = titled(`${experiment}: ${question} Asked ${when(asked)}, answered ${when(answered)}`);
      const [x, x2] = [xOf(axis, asked), xOf(axis, answered)];
      return `<rect class="question" x="${px(x)}" y="5" width="${px(Math.max(3, x2 - x))}" height="${laneHeight - 12}" rx="2">${title}</rect>`;
    }),
    ...refills.map((refill) => {
      const x = xOf(axis, refill.due ?? refill.short);
      const title = titled(refillText(refill, when));
      const kind = refill.due === undefined ? 'refill missed' : 'refill';
      return `<path class="${kind}" d="M${px(x - 5)},3h10l-5,${laneHeight - 8}Z">${title}</path>`;
    }),
  ];
}
