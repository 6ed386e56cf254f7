import { describe, expect, test } from 'vitest';
import { decide, initialState, restoreState, type CoreState } from '../../src/control/core.ts';
import type { Definition } from '../../src/domain/campaign.ts';
import type { LabEvent } from '../../src/domain/event.ts';
import type { CommandKey } from '../../src/domain/ids.ts';
import { LabDevice } from '../../src/domain/lab.ts';
import { check } from '../../src/scheduling/checker.ts';
import { plan } from '../../src/scheduling/planner.ts';
import { LabProblem } from '../../src/engine/lab-problem.ts';
import { expectEnded, expectRebuilt, mixed } from './changing.ts';
import { definitionOf, WholeLab } from './whole-lab.ts';

const minute = 60_000;
const setup = 10 * minute;

/** Two brands of dye, between which the reader is rinsed for ten minutes. */
function brands(more: Partial<LabDevice> = {}): Definition {
  const definition = mixed((campaign) => Object.assign(campaign.batch, { size: 4, initial: 8 }));
  Object.assign(definition.lab.devices['reader' as never] as LabDevice, { setup: setup / 1000, ...more });
  Object.assign(definition.protocol.stages[0]!.steps[1]!, { recipe: '=brand' });
  return definition;
}

interface Use {
  readonly recipe: unknown;
  readonly start: number;
  readonly end: number;
}

/** What a device did by the ledger alone, each run once, with the value of a parameter as its recipe. */
function usesOf(lab: WholeLab, device: string, recipeOf: (point: Record<string, unknown>) => unknown): Use[] {
  const points = new Map<string, Record<string, unknown>>();
  const commands = new Map<string, { experiment: string; at: number }>();
  const uses: Use[] = [];
  for (const event of lab.ledger.events()) {
    if (event.type === 'experiment.suggested') points.set(event.data.experiment, event.data.suggestion.point);
    if (event.type === 'command.intended' && event.data.command.device === device)
      commands.set(event.data.command.key, { experiment: event.data.command.experiment, at: event.at });
    const command = event.type === 'command.ended' ? commands.get(event.data.key) : undefined;
    if (command === undefined || event.type !== 'command.ended') continue;
    const recipe = recipeOf(points.get(command.experiment)!);
    uses.push({ recipe, start: event.data.startedAt!, end: event.data.endedAt! });
  }
  return uses.sort((a, b) => a.start - b.start).filter(({ start }, i, all) => start !== all[i - 1]?.start);
}

/** Every change waited; says how many there were, and in how many pairs of equal recipes nobody waited so long. */
function expectSetUp(uses: readonly Use[], least: number) {
  let [changes, prompt] = [0, 0];
  for (const [i, use] of uses.entries()) {
    const before = uses[i - 1];
    if (before === undefined) continue;
    const gap = use.start - before.end;
    if (before.recipe === use.recipe) prompt += gap < least ? 1 : 0;
    else {
      changes += 1;
      expect(gap).toBeGreaterThanOrEqual(least);
    }
  }
  return { changes, prompt };
}

const brand = (point: Record<string, unknown>) => point['brand'];

describe('a device that is set up between recipes', () => {
  test('waits for it at every change, by the ledger, and not between equal recipes', () => {
    const lab = new WholeLab(brands());
    lab.startController();
    lab.run();
    expectEnded(lab);
    const { changes, prompt } = expectSetUp(usesOf(lab, 'reader', brand), setup);
    expect(changes).toBeGreaterThan(0);
    expect(prompt).toBeGreaterThan(changes);
  });

  test('takes another time for one change than for the other', () => {
    const lab = new WholeLab(brands({ setup_between: [{ from: 'acme', to: 'bolt', takes: 300 }] }));
    lab.startController();
    lab.run();
    expectEnded(lab);
    const uses = usesOf(lab, 'reader', brand);
    const gaps = uses.flatMap(({ recipe, start }, i) =>
      i === 0 || uses[i - 1]!.recipe === recipe ? [] : [{ to: recipe, gap: start - uses[i - 1]!.end }],
    );
    for (const { to, gap } of gaps) expect(gap).toBeGreaterThanOrEqual(to === 'bolt' ? setup / 2 : setup);
    expect(gaps.some(({ to, gap }) => to === 'bolt' && gap < setup)).toBe(true);
  });

  test('says what a sample waits for, and until when', () => {
    const lab = new WholeLab(brands());
    lab.startController();
    const told = new Set<string>();
    const ended = () => {
      for (const { reason, due } of lab.engine.status().waiting)
        if (/is set up for it after (acme|bolt)\.$/.test(reason) && due! > lab.clock.now()) told.add(reason);
      return told.size > 0;
    };
    expect(lab.clock.run(ended, lab.clock.now() + 24 * 60 * minute)).toBe(true);
    expect([...told][0]).toMatch(/^read of e-\d+ waits until reader is set up for it after (acme|bolt)\.$/);
  });

  test('is a furnace, too, which runs films of one recipe first', () => {
    const least = 30 * minute;
    const definition = definitionOf('film-anneal', ({ campaign, lab, protocol }) => {
      const { temperature, soak } = campaign.space as Record<string, { levels?: unknown[] }>;
      temperature!.levels!.splice(2);
      soak!.levels!.splice(1);
      Object.assign(campaign, {
        batch: { size: 12, mode: 'together', initial: 12 },
        budget: { experiments: 12, materials: {} },
      });
      Object.assign(campaign.stages!, { decide: 'at_start' });
      for (const objective of campaign.objectives) delete objective.stop_at;
      Object.assign(lab.devices['furnace' as never] as LabDevice, { setup: least / 1000 });
      Object.assign(protocol.stages[1]!.steps[0]!, { recipe: '=temperature' });
    });
    const lab = new WholeLab(definition);
    lab.startController();
    expect(lab.run(48)).toBe(true);
    expect(lab.failures).toEqual([]);
    const uses = usesOf(lab, 'furnace', (point) => point['temperature']);
    const { changes } = expectSetUp(uses, least);
    expect(changes).toBe(1);
    expect(uses.length).toBeGreaterThan(2);
  });
});

describe('what it was last used for', () => {
  const started = () => {
    const lab = new WholeLab(brands());
    lab.startController();
    return lab;
  };

  test('is known to a controller that has been killed, which plans as before', () => {
    const lab = started();
    let killed = 0;
    for (let n = 1; n <= 6; n++) {
      lab.until('experiment.completed', n);
      const problem = new LabProblem(lab.definition);
      const before = plan(problem.build(lab.engine.state, lab.clock.now()));
      lab.killController();
      lab.startController();
      expectRebuilt(lab);
      const again = problem.build(lab.engine.state, lab.clock.now());
      expect(again.resources.find(({ id }) => id === 'reader')!.last).toBeDefined();
      const made = plan(again);
      expect(check(again, made)).toEqual([]);
      const works = (assignments: typeof made.assignments) =>
        assignments.filter(({ kind, resource }) => kind === 'process' && resource === 'reader');
      expect(works(made.assignments)).toEqual(works(before.assignments));
      killed += 1;
    }
    lab.run();
    expectEnded(lab);
    expect(killed).toBe(6);
    expectSetUp(usesOf(lab, 'reader', brand), setup);
  });

  test('is nothing in the snapshots of an older version, which load all the same', () => {
    const lab = started();
    lab.until('experiment.completed', 2);
    const snapshots = lab.ledger.snapshots();
    expect(snapshots.filter(({ entity }) => entity === 'use')).toHaveLength(1);
    const older = restoreState(
      lab.ledger.definition(),
      snapshots.filter(({ entity }) => entity !== 'use'),
    );
    expect(older.uses.size).toBe(0);
    const now = lab.clock.now();
    expect(new LabProblem(lab.definition).build(older, now).resources.every(({ last }) => last === undefined)).toBe(
      true,
    );
  });

  test('is in doubt after a command in doubt, so that it is set up whatever comes next', () => {
    const lab = started();
    lab.until('experiment.completed', 1);
    const events = [...lab.ledger.events()];
    const end = events.findLast(({ type, data }) => type === 'command.ended' && 'key' in data && isReading(data.key))!;
    function isReading(key: string): boolean {
      return events.some(
        ({ type, data }) =>
          type === 'command.intended' && 'command' in data && data.command.key === key && data.command.step === 'read',
      );
    }
    const fold = (changed: object): CoreState =>
      events.reduce(
        (state, event) =>
          decide(state, (event === end ? { ...event, data: { ...event.data, ...changed } } : event) as typeof event)
            .state,
        initialState(),
      );
    const known = fold({}).uses.get('reader')!;
    expect(known).toEqual({ recipe: expect.stringMatching(/^(acme|bolt)$/), end: expect.any(Number) });
    const doubtful = fold({ outcome: 'indeterminate' });
    expect(doubtful.uses.get('reader')).toMatchObject({ recipe: known.recipe, doubtful: true });
    const { last } = new LabProblem(lab.definition)
      .build(doubtful, lab.clock.now())
      .resources.find(({ id }) => id === 'reader')!;
    expect(last!.recipe).toBe(`a use in doubt (${known.recipe})`);
    // Which change it would be nobody knows, so that the longest counts.
    const longer = structuredClone(lab.definition);
    const device = longer.lab.devices['reader' as never] as LabDevice;
    device.setup_between = [{ from: 'acme', to: 'bolt', takes: device.setup! + 40 }];
    const cautious = new LabProblem(longer)
      .build(doubtful, lab.clock.now())
      .resources.find(({ id }) => id === 'reader')!;
    expect(cautious.last!.end).toBe(last!.end + 40_000);
    // A person's word comes late: others may have used it since.
    const data = { key: (end.data as { key: CommandKey }).key, as: 'happened', by: 'operator' } as const;
    const resolved = decide(doubtful, { ...end, seq: end.seq + 1, type: 'command.resolved', data } as LabEvent).state;
    expect(resolved.uses.get('reader')).toEqual(doubtful.uses.get('reader'));
    const never = fold({ outcome: 'failed', error: { code: 'not_started', message: '' } });
    expect(never.uses.size).toBe(0);
  });
});
