import type { Report, Verdict } from './certify.ts';

/** A report as JUnit XML, which continuous integration reads. */

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** XML 1.0 has no other control characters than these, and no halves of surrogate pairs. */
const escaped = (text: string): string =>
  text
    .toWellFormed()
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
    .replace(/[&<>"']/g, (letter) => entities[letter]!)
    .replace(/[\t\n\r]/g, (letter) => `&#${letter.charCodeAt(0)};`);

const seconds = (ms: number): string => (ms / 1000).toFixed(3);

function caseOf(suite: string, { check, section, says, verdict, seen, mend, ms }: Verdict): string {
  const head = `    <testcase classname="${escaped(suite)}" name="${escaped(check)}" time="${seconds(ms)}"`;
  if (verdict === 'pass') return `${head}/>`;
  if (verdict === 'skip') return `${head}><skipped message="${escaped(seen)}"/></testcase>`;
  const text = `Contract, section ${section}: ${says}${mend === undefined ? '' : ` Mend: ${mend}`}`;
  return `${head}><failure message="${escaped(seen)}">${escaped(text)}</failure></testcase>`;
}

export function junit(device: string, { verdicts, ms }: Report): string {
  const suite = `labwright.certify.${device}`;
  const count = (wanted: Verdict['verdict']) => verdicts.filter(({ verdict }) => verdict === wanted).length;
  const sums = `tests="${verdicts.length}" failures="${count('fail')}" errors="0" skipped="${count('skip')}" time="${seconds(ms)}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${sums}>`,
    `  <testsuite name="${escaped(suite)}" ${sums}>`,
    ...verdicts.map((verdict) => caseOf(suite, verdict)),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}
