import { durationText, table } from '../text.ts';
import type { Study } from './study.ts';

const percent = (part: number): string => `${(100 * part).toFixed(part < 0.1 ? 1 : 0)} %`;

const finders: Readonly<Record<Study['by'], string>> = {
  plan: 'no better one was found',
  search: 'found by search',
  'cp-sat': 'found by CP-SAT',
};

/** What `labwright plan` prints. */
export function studyText(study: Study): string {
  const { campaign, samples, until, seconds, seed, atOnceMs, bestMs, by, saves, boundMs, use, unplanned, cpSat } =
    study;
  const earlier = by === 'plan' ? finders[by] : `${finders[by]}, ${percent(saves)} better`;
  const over = bestMs / boundMs - 1;
  const rows = [
    ['Planned at once', durationText(atOnceMs), ''],
    [`After ${seconds} s of search`, durationText(bestMs), `${earlier}; seed ${seed}`],
    [
      'No plan takes less than',
      durationText(boundMs),
      `${whyBound(study)}; ${over < 0.0005 ? 'so this is the best' : `the plan takes ${percent(over)} more`}`,
    ],
  ];
  const busiest = use.slice(0, 6).map(({ device, share }) => `${device} ${percent(share)}`);
  return [
    `${campaign}: ${samples} samples that begin together${until === undefined ? '' : `, as far as ${until}; then the optimizer decides`}`,
    table(rows),
    `At work: ${busiest.join(', ')}`,
    ...unplanned.map(({ reason }) => `Left out: ${reason}`),
    `CP-SAT: ${cpSat}`,
  ].join('\n');
}

function whyBound({ proven, busy }: Study): string {
  if (proven) return 'proven by CP-SAT';
  if (busy.length === 0) return 'one sample alone takes that';
  return `${busy.join(', ')} ${busy.length === 1 ? 'has' : 'have'} that much to do`;
}
