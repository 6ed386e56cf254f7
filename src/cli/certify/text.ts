import { digits, durationText } from '../text.ts';
import type { Plan, Report, Verdict } from './certify.ts';

/** A report for people. */

const contract = 'docs/device-contract.md';
const marks = { pass: 'pass', fail: 'FAIL', skip: 'skip' } as const;

const seconds = (ms: number): string => (ms < 10_000 ? `${digits(ms / 1000, 2)} s` : durationText(ms));

export const planText = ({ device, site, url, model, capability, parameters, typicalMs }: Plan): string =>
  `${device} (${plain(model)}) of site ${site} on ${url}\nWill carry out ${capability} ${JSON.stringify(parameters)}, ` +
  `about ${seconds(typicalMs)} each, some ten times, be cancelled and be halted.`;

/** What a device says goes to a terminal: on one line, and without control characters. */
const plain = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').trimEnd();

export function verdictText({ check, section, says, verdict, seen, mend }: Verdict): string {
  const line = `${marks[verdict]}  ${check.padEnd(18)}  ${plain(seen)}`;
  if (verdict !== 'fail') return line;
  const more = [`contract  ${says} (${contract}, section ${section})`];
  if (mend !== undefined) more.push(`mend      ${mend}`);
  return [line, ...more.map((text) => `      ${plain(text)}`)].join('\n');
}

export function summaryText({ verdicts, complete, passed, ms }: Report): string {
  const count = (wanted: Verdict['verdict']) => verdicts.filter(({ verdict }) => verdict === wanted).length;
  const sum = `${count('pass')} passed, ${count('fail')} failed, ${count('skip')} skipped in ${(ms / 1000).toFixed(1)} s`;
  return `${passed ? 'Certified' : 'Not certified'}: ${sum}${complete ? '' : ', and the time was up'}.`;
}
