import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { canonical } from '../../../src/base/canonical.ts';
import type { NewEvent } from '../../../src/domain/event.ts';
import * as story from '../story.ts';
import { summaryOf } from './summary.ts';

/**
 * node test/ledger/histories/record.ts NAME: records a history with every type of event as this program writes it, and
 * what comes out of it. Recorded histories are never written again: a new shape of events is a new file beside them.
 */
const { accepted, announced, completed, ended, event, intended, lot, lost, opened, planned, resolved, suggested } =
  story;
const by = { by: 'eva' };
const meter = (total: number, more: object = {}): NewEvent =>
  event('meter.read', { device: 'oven', meter: 'mains', total, resolution: 36, boot: 'b1', resetAt: 'r1', ...more });
const span = { meter: 'mains', start: 1000, end: 41_000, resolution: 36, boot: 'b1' };
const red = (amount: number) => [{ material: 'red', amount, uncertainty: amount / 100 }];

const resumption = { point: { heat: 80 }, reason: 'promising', resumes: 'e2', stage: 'bake', value: 0.1, cost: 2 };
const links = [
  {
    stage: 'bake',
    output: 'peak',
    inputs: 'proxies' as const,
    observations: 3,
    evidence: { proxies: 0.2 },
    explained: 0.5,
  },
];
const from = (second: number) => ({ start: story.start + second * 1000, end: story.start + (second + 9) * 1000 });
const mixing = { sample: 'e1', step: 'mix', kind: 'process' as const, resource: 'robot', ...from(10) };
const moving = { ...mixing, sample: 'e2', kind: 'move' as const, from: 'rack', to: 'oven', ...from(30) };
const changed = { change: { batch: { size: 8 } }, campaign: { campaign: 'demo', batch: { size: 8 } } as never };

const ledger = story.inMemory(
  [0, lot('red', 'r1', 1e-3, { cost: 4, co2e: 0.3, expires: '2026-03-01' })],
  [0, lot('red', 'r2', 5e-4)],
  [0, lot('salt', 's1', 0.1, { cost: 9 })],
  [0, opened],
  [1, event('controller.started', { controller: 'main', instance: 'i1', epoch: 1, software: '0.1.0' })],
  [2, announced('robot', { power: { idle_watt: 20, active_watt: 90 } })],
  [2, announced('oven', { meters: [{ id: 'mains' as never, unit: 'Wh', resolution: 0.01 }] })],
  [2, event('device.changed', { device: 'oven', state: 'ready', boot: 'b1' })],
  [3, meter(1000)],
  [4, event('suggestions.requested', { ask: 1, count: 4 })],
  [
    5,
    event('suggestions.received', { ask: 1, suggestions: [{ point: { x: 0.5 }, reason: 'sobol' }], cpuSeconds: 2.5 }),
  ],
  ...['e1', 'e2', 'e3', 'e4'].map((id, i) => [6, suggested(id, i + 1, { x: i / 4, solvent: 'DMF' })] as const),
  [7, event('suggestions.requested', { ask: 2, count: 1 })],
  [7, event('suggestions.refused', { ask: 2, reason: 'enough' })],
  [8, planned('e1', { material: 'red', lot: 'r1', amount: 2e-5 })],
  [8, planned('e2', { material: 'red', lot: 'r1', amount: 1e-5 }, { material: 'salt', lot: 's1', amount: 0.002 })],
  [8, planned('e3', { material: 'red', lot: 'r2', amount: 1e-5 })],
  [8, event('experiment.scheduled', { experiment: 'e1', steps: [{ step: 'mix', device: 'robot', ...from(10) }] })],
  [9, event('experiment.prioritized', { experiment: 'e2', priority: 5, ...by })],
  [9, event('plan.pinned', { ...by, order: [mixing] })],
  [10, intended('k1', 'e1', { consumes: red(1.5e-5) })],
  [11, accepted('k1')],
  [12, event('command.overdue', { key: 'k1' })],
  [20, ended('k1', { startedAt: story.start + 11_000, endedAt: story.start + 19_000, consumed: red(1.4e-5) })],
  [21, intended('m1', 'e1', { kind: 'move', device: 'robot', from: 'rack', to: 'oven' })],
  [21, accepted('m1')],
  [25, ended('m1')],
  [25, event('plan.changed', { came: ['e2'], displaced: ['e3'], order: [mixing, moving] })],
  [25, event('plan.unpinned', by)],
  [25, event('plan.improved', { endsBefore: story.start + 900_000, ends: story.start + 800_000, moved: 2, of: 5 })],
  [26, intended('k2', 'e1', { device: 'oven', at: 'oven', stage: 'bake', step: 'heat' })],
  [26, accepted('k2')],
  [400, meter(30_000, { power: 80 })],
  [500, ended('k2', { meters: [span as never], result: { peak: 400 } })],
  [510, meter(100, { resetAt: 'r2' })],
  [520, event('experiment.observed', { experiment: 'e1', stage: 'bake', observations: { peak: 400 } })],
  [521, completed('e1', { peak: 400 })],
  [522, event('experiment.cleared', { experiment: 'e1', reason: 'at rack' })],
  [530, intended('k3', 'e2', { consumes: [...red(9e-6), { material: 'salt', amount: 0.0015 }] })],
  [
    540,
    ended('k3', { outcome: 'indeterminate', source: 'controller', error: { code: 'silent', message: 'no answer' } }),
  ],
  [541, event('experiment.became_indeterminate', { experiment: 'e2', key: 'k3', reason: 'no answer' })],
  [550, resolved('k3', 'happened')],
  [550, event('experiment.resolved', { experiment: 'e2', reason: 'eva: happened' })],
  [551, event('experiment.held', { experiment: 'e2', reason: 'wait for the film', stage: 'film', place: 'rack' })],
  [552, event('suggestions.requested', { ask: 3, count: 1 })],
  [
    553,
    event('suggestions.received', { ask: 3, suggestions: [resumption], drops: [], model: { outcomes: [], links } }),
  ],
  [553, event('experiment.resumed', { experiment: 'e2', suggestion: resumption })],
  [
    553,
    event('experiment.provided', { experiment: 'e2', reservations: [{ material: 'salt', lot: 's1', amount: 1e-4 }] }),
  ],
  [554, event('experiment.held', { experiment: 'e2', reason: 'wait', until: story.start + 900_000 })],
  [560, event('experiment.dropped', { experiment: 'e2', reason: 'not worth it' })],
  [561, ended('k3', { consumed: red(8e-6) })],
  [570, intended('k4', 'e3', { consumes: red(1e-5) })],
  [571, event('command.refused', { key: 'k4', code: 'E_BUSY', message: 'busy' })],
  [572, event('experiment.failed', { experiment: 'e3', reason: 'busy for too long', retryable: true })],
  [573, event('experiment.cancelled', { experiment: 'e4', reason: 'the campaign ends' })],
  [573, suggested('e6', 6, { x: 0.2, solvent: 'THF' })],
  [573, planned('e6')],
  [573, intended('k6', 'e6')],
  [573, ended('k6')],
  [
    573,
    event('experiment.late', { experiment: 'e6', step: 'heat', then: 'ask', reason: 'waited 75 s, allowed are 60 s' }),
  ],
  [573, event('experiment.decided', { ...by, experiment: 'e6', as: 'continue' })],
  [573, event('experiment.resolved', { experiment: 'e6', reason: 'eva: continue' })],
  [573, event('experiment.late', { experiment: 'e6', step: 'heat', then: 'quench', reason: 'heat took 90 s' })],
  [
    573,
    event('experiment.observed', { experiment: 'e6', stage: 'bake', observations: { peak: 390 }, late: 'waited 75 s' }),
  ],
  [573, event('experiment.completed', { experiment: 'e6', objectives: { peak: 390 }, late: 'waited 75 s' })],
  [574, suggested('e5', 5, { x: 1, solvent: 'THF' })],
  [575, lost('e5')],
  [580, event('message.rejected', { topic: 'labwright/1/x', reason: 'no JSON' })],
  [581, event('order.rejected', { ...by, order: 'resume', reason: 'not paused' })],
  [581, event('campaign.changed', { ...by, version: 2, ...changed, elapsed: 581_000 })],
  [582, event('campaign.paused', by)],
  [583, event('campaign.resumed', by)],
  [584, event('campaign.stopping', { ...by, reason: 'enough' })],
  [585, event('campaign.aborted', { ...by, reason: 'late' })],
  [586, event('campaign.halted', { ...by, reason: 'fire' })],
  [600, event('campaign.finished', { outcome: 'halted', reason: 'fire' })],
);

const name = process.argv[2];
if (name === undefined) throw new Error('give the name of the history');
const lines = [...ledger.events()].map((line) => `${canonical(line)}\n`);
writeFileSync(join(import.meta.dirname, `${name}.jsonl`), lines.join(''), { flag: 'wx' });
writeFileSync(join(import.meta.dirname, `${name}.json`), `${JSON.stringify(summaryOf(ledger), null, 2)}\n`, {
  flag: 'wx',
});
