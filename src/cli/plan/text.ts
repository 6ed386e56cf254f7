import { digits, durationText, table } from '../text.ts';
import type { Study } from './study.ts';

const percent = (part: number): string => `${(100 * part).toFixed(part < 0.1 ? 1 : 0)} %`;

const finders: Readonly<Record<Study['by'], string>> = {
  plan: 'no better one was found',
  search: 'found by search',
  'cp-sat': 'found by CP-SAT',
};

/** What `labwright plan` prints. */
export function studyText(study: Study): string {
  const { campaign, samples, planned, until, seconds, seed, atOnceMs, bestMs, by, saves, use, cpSat } = study;
  const { bound, provenMs } = study;
  const earlier = by === 'plan' ? finders[by] : `${finders[by]}, ${percent(saves)} better`;
  const compared = (ms: number) =>
    bestMs <= ms ? 'so this is the best' : `the plan takes ${percent(bestMs / ms - 1)} more`;
  const rows = [
    ['Planned at once', durationText(atOnceMs), ''],
    [`After ${digits(seconds, 2)} s of search`, durationText(bestMs), `${earlier}; seed ${seed}`],
    ...(bound === undefined
      ? []
      : [['No plan takes less than', durationText(bound.ms), `${whyBound(bound)}; ${compared(bound.ms)}`]]),
    ...(provenMs === undefined
      ? []
      : [['With no sample put aside', durationText(provenMs), `proven by CP-SAT; ${compared(provenMs)}`]]),
  ];
  const busiest = use.slice(0, 6).map(({ device, share }) => `${device} ${percent(share)}`);
  const many =
    planned === samples ? `${samples} samples that begin together` : `${planned} of ${samples} samples have a place`;
  return [
    `${campaign}: ${many}${until === undefined ? '' : `, as far as ${until}; then the optimizer decides`}`,
    table(rows),
    `At work: ${busiest.join(', ')}`,
    ...reasons(study),
    `CP-SAT: ${cpSat}`,
  ].join('\n');
}

/** Each reason once, with how many samples it leaves out. */
function reasons({ unplanned }: Study): string[] {
  const counts = new Map<string, { first: string; count: number }>();
  for (const { sample, reason } of unplanned) {
    const key = reason.replaceAll(sample, '');
    const { first, count } = counts.get(key) ?? { first: reason, count: 0 };
    counts.set(key, { first, count: count + 1 });
  }
  return [...counts.values()].map(
    ({ first, count }) => `Left out${count === 1 ? '' : `, like ${count - 1} more`}: ${first}`,
  );
}

function whyBound({ busy }: NonNullable<Study['bound']>): string {
  if (busy.length === 0) return 'one sample alone takes that';
  return `${busy.join(', ')} ${busy.length === 1 ? 'has' : 'have'} that much to do`;
}
