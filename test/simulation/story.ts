import type { Outcome } from './run.ts';

const longest = 30;
const clockTime = (at: number): string => new Date(at).toISOString().slice(5, 23).replace('T', ' ');
const brief = (value: unknown): string => JSON.stringify(value).slice(0, 200);

/** What broke, and the last that happened before the end: events of the ledger and effects in the world, by time. */
export function tell({ seed, plan, violations, events, effects }: Outcome): string {
  const about = new Set(violations.flatMap(({ sentence }) => sentence.match(/\b(e-\d{4}|[0-9a-f]{32})\b/g) ?? []));
  const concerns = (text: string) => about.size === 0 || [...about].some((id) => text.includes(id));
  const lines = [
    ...events
      .filter(({ type }) => type !== 'campaign.opened' && type !== 'lot.registered' && type !== 'device.announced')
      .map(({ at, type, data }) => ({ at, text: `${type} ${brief(data)}` })),
    ...effects.map(({ at, device, ...happening }) => ({ at, text: `        ${device}: ${brief(happening)}` })),
  ]
    .filter(({ text }) => concerns(text))
    .sort((a, b) => a.at - b.at)
    .slice(-longest);
  const faults = Object.keys(plan.faults).join(', ') || 'none';
  return [
    ...violations.slice(0, 5).map(({ rule, sentence }) => `  broken: ${rule}. ${sentence}`),
    `  ${plan.definition.campaign.budget.experiments} experiments, faults for ${Math.round(plan.faultsEnd / 60_000)} min: ${faults}`,
    ...lines.map(({ at, text }) => `  ${clockTime(at)} ${text}`),
    `  again: npm run sim -- --seed ${seed} --count 1 --verbose`,
  ].join('\n');
}
