import { commandHash } from '../../src/wire/messages.ts';
import { topics } from '../../src/wire/topics.ts';

export const at = '2026-01-05T08:00:00.000Z';
export const resultBody = {
  kind: 'result',
  n: 3,
  boot: 'b1',
  outcome: 'ok',
  startedAt: at,
  endedAt: '2026-01-05T08:00:10.000Z',
  result: { volume: 1 },
  consumed: [{ material: 'dye', amount: 1.5, unit: 'mL', uncertainty: 0.01 }],
  meters: [{ meter: 'mains', start: 1, end: 1.5, unit: 'kWh', boot: 'b1', resolution: 0.001 }],
};
/** A message of every kind and variant. */
export const samples: [topic: string, body: Record<string, unknown>][] = [
  [topics.state('lab', 'arm'), { state: 'busy', boot: 'b1', seq: 4, epoch: 2, running: ['k1'], at }],
  [
    topics.command('lab', 'arm'),
    {
      key: 'k1',
      capability: 'move',
      parameters: { to: 'bath' },
      hash: commandHash('move', { to: 'bath' }),
      epoch: 1,
      issuedAt: at,
      ttlMs: 60_000,
      deadlineMs: 120_000,
    },
  ],
  [topics.control('lab', 'arm'), { op: 'query', epoch: 1 }],
  [topics.control('lab', 'arm'), { op: 'cancel', key: 'k1', epoch: 1 }],
  [topics.event('lab', 'arm', 'k1'), { kind: 'ack', n: 1, boot: 'b1' }],
  [
    topics.event('lab', 'arm', 'k1'),
    { kind: 'nack', n: 1, boot: 'b1', code: 'E_BUSY', message: 'It is busy.', epoch: 3 },
  ],
  [topics.event('lab', 'arm', 'k1'), { kind: 'progress', n: 2, boot: 'b1', fraction: 0.5 }],
  [topics.event('lab', 'arm', 'k1'), resultBody],
  [topics.telemetry('lab', 'arm', 'torque'), { at, boot: 'b1', seq: 1, values: { a: 1 }, unit: 'N.m' }],
  [topics.telemetry('lab', 'arm', 'torque'), { at, boot: 'b1', seq: 1, value: 2, unit: 'N.m' }],
  [
    topics.meter('lab', 'arm', 'mains'),
    { total: 1.2, unit: 'kWh', boot: 'b1', resetAt: at, resolution: 0.001, seq: 1, at },
  ],
  [topics.log('lab', 'arm'), { level: 'warn', message: 'hot', key: 'k1' }],
  [topics.controller('lab', 'main'), { online: true, epoch: 1, instance: 'i1', at }],
  [topics.campaign('lab', 'c1', 'best'), { value: 1 }],
];
