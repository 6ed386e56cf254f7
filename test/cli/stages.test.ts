import { describe, expect, test } from 'vitest';
import type { NewEvent } from '../../src/domain/event.ts';
import { progressOf } from '../../src/cli/progress.ts';
import { reportOf, reportText } from '../../src/cli/report.ts';
import { inMemory } from '../ledger/story.ts';
import { origin } from '../server/script.ts';
import { stagedDefinition, stagedScript } from '../server/staged-script.ts';

const { events } = stagedScript();

/** The handler takes four samples at once; `batches` tells which of its commands were one run. */
const definition = {
  ...stagedDefinition,
  lab: {
    ...stagedDefinition.lab,
    devices: {
      ...stagedDefinition.lab.devices,
      handler: { ...stagedDefinition.lab.devices['handler' as never], batch: true },
    },
  },
} as typeof stagedDefinition;

function ledgerOf(batches: Readonly<Record<string, string>>, drops = true) {
  return inMemory(
    ...events.map((event): readonly [number, NewEvent] => {
      const seconds = (event.at - origin) / 1000;
      const { type, data } = event;
      if (type === 'campaign.opened') return [seconds, { type, data: { ...data, definition } }];
      if (type === 'suggestions.received' && !drops) return [seconds, { type, data: { ...data, drops: [] } }];
      if (type !== 'command.intended') return [seconds, { type, data } as NewEvent];
      const batch = batches[data.command.key];
      return [seconds, { type, data: { command: { ...data.command, ...(batch === undefined ? {} : { batch }) } } }];
    }),
  );
}
const together = { 'k-1-mix-dispense-process': 'b-1', 'k-2-mix-dispense-process': 'b-1' };

describe('the report of stages decided one after the other', () => {
  test('counts samples and runs of every leg, and what was dropped and held after it', () => {
    const ledger = ledgerOf(together);
    const { stages } = reportOf(ledger)!;
    expect(stages!.legs).toMatchObject([
      { leg: 'mix', stages: ['mix'], samples: 3, runs: 2, dropped: 1, held: 1 },
      { leg: 'trim', stages: ['trim'], samples: 1, runs: 1, dropped: 0, held: 0 },
    ]);
    expect(stages!.legs.map(({ perRun }) => perRun!.time)).toEqual([54, 60]);
    expect(stages!.batches).toEqual([{ device: 'handler', places: 4, runs: 3, samplesPerRun: 4 / 3 }]);
    expect(stages).toMatchObject({ dropped: 1, spoiled: 0, held: 1, saved: { time: 60 } });
    const dropped = ledger.experiments().find(({ status }) => status === 'dropped');
    expect(dropped!.predicted).toEqual({ distance: { mean: 25, sd: 2 } });
  });

  test('says what was dropped by decision, and what that saved as an estimate', () => {
    const ledger = ledgerOf(together);
    const text = reportText(reportOf(ledger)!, definition);
    expect(text).toContain('1 sample dropped by decision, 1 waiting for one.');
    expect(text).toMatch(/saved about 1 min of device time, .* \(an estimate from mean costs\)\./);
    expect(text).toContain('handler: 3 runs, 1.33 samples each on average, 33 % of 4 places.');
    expect(text).toMatch(/ {2}mix +3 +2 +54 s /);
  });

  test('counts no saving where samples have only spoiled', () => {
    const { stages } = reportOf(ledgerOf({}, false))!;
    expect(stages).toMatchObject({ dropped: 0, spoiled: 1 });
    expect(stages).not.toHaveProperty('saved');
  });

  test('shares a run among the samples that took it together', () => {
    const ledger = ledgerOf({ 'k-1-trim-top-process': 'b-2' });
    expect(reportOf(ledger)!.stages!.saved!.time).toBe(60);
    // Now sample 2 is taken for one that shared that run.
    const both = inMemory(
      ...[...ledger.events({})].map(({ at, type, data }): readonly [number, NewEvent] => {
        const seconds = (at - origin) / 1000;
        if (type !== 'command.intended' || data.command.key !== ('k-2-mix-dispense-process' as never))
          return [seconds, { type, data } as NewEvent];
        return [seconds, { type, data: { command: { ...data.command, stage: 'trim', step: 'top', batch: 'b-2' } } }];
      }),
    );
    expect(reportOf(both)!.stages!.saved!.time).toBe((54 + 60) / 2 / 2);
  });
});

test('the status line counts held and dropped samples, and lines tell what was decided', () => {
  const [first, rest] = [events.slice(0, 12), events.slice(12)];
  const ledger = inMemory(
    ...first.map(({ at, type, data }): readonly [number, NewEvent] => [
      (at - origin) / 1000,
      { type, data } as NewEvent,
    ]),
  );
  const lines: string[] = [];
  const status = () => ({ now: 0, plan: [], waiting: [], brokerConnected: true });
  const write = (text: string) => void lines.push(text.trimEnd());
  const progress = progressOf('plain', { ledger, definition: () => stagedDefinition, status, write });
  progress.onEvents(rest);
  progress.onEvents(rest.filter(({ type }) => type === 'suggestions.requested'));
  progress.close();
  expect(lines.filter((line) => line.includes(' running'))).toContainEqual(
    expect.stringMatching(/^\[ 1\/24\] best distance 3 \(e-0001\), 1 running, 1 held, 1 dropped, /),
  );
  const told = lines.join('\n');
  expect(told).toContain('e-0002 held in rack after mix, for at most 8 h');
  expect(told).toContain('e-0002 dropped: Promises next to nothing.');
  expect(told).toContain('e-0001 goes on with trim at yellow 20 uL, expects distance 4 ± 1.5: Promises most.');
});
