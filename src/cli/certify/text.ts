import { durationText } from '../text.ts';
import type { Plan, Report, Verdict } from './certify.ts';

/** A report for people. */

const contract = 'docs/device-contract.md';
const marks = { pass: 'pass', fail: 'FAIL', skip: 'skip' } as const;

export const planText = ({ device, site, url, model, capability, parameters, typicalMs }: Plan): string =>
  `${device} (${model}) of site ${site} on ${url}\nWill carry out ${capability} ${JSON.stringify(parameters)}, ` +
  `about ${durationText(typicalMs)} each, some ten times, be cancelled and be halted.`;

export function verdictText({ check, section, says, verdict, seen, mend }: Verdict): string {
  const line = `${marks[verdict]}  ${check.padEnd(18)}  ${seen}`;
  if (verdict !== 'fail') return line;
  const more = [`contract  ${says} (${contract}, section ${section})`];
  if (mend !== undefined) more.push(`mend      ${mend}`);
  return [line, ...more.map((text) => `      ${text}`)].join('\n');
}

export function summaryText({ verdicts, passed, ms }: Report): string {
  const count = (wanted: Verdict['verdict']) => verdicts.filter(({ verdict }) => verdict === wanted).length;
  const sum = `${count('pass')} passed, ${count('fail')} failed, ${count('skip')} skipped in ${(ms / 1000).toFixed(1)} s`;
  return `${passed ? 'Certified' : 'Not certified'}: ${sum}.`;
}
