import { expect, test } from 'vitest';
import { definitionOf, WholeLab } from './whole-lab.ts';

/** Films of two recipes that are all coated first: they stand in the reader and wait for the one furnace, four places each. */
test('films that stand in each other’s way are planned together again', () => {
  const films = 24;
  const definition = definitionOf('film-anneal', ({ campaign }) => {
    const { temperature, soak } = campaign.space as Record<string, { levels?: unknown[] }>;
    temperature!.levels!.splice(1);
    soak!.levels!.splice(2);
    Object.assign(campaign, {
      batch: { size: films, mode: 'together', initial: films },
      budget: { experiments: films, materials: {} },
    });
    Object.assign(campaign.stages!, { decide: 'at_start' });
    for (const objective of campaign.objectives) delete objective.stop_at;
  });
  const lab = new WholeLab(definition);
  lab.startController();
  expect(lab.run(48)).toBe(true);
  expect(lab.failures).toEqual([]);
  expect(lab.ledger.experiments().filter(({ status }) => status === 'completed')).toHaveLength(films);
  const runs = new Set(
    lab.events.flatMap((event) =>
      event.type === 'command.intended' && event.data.command.device === 'furnace' ? [event.data.command.batch] : [],
    ),
  );
  // Six full runs would do; once samples stood in each other's way, each of the others had one of its own.
  const hours = (lab.ledger.lastAt() - lab.ledger.campaign()!.openedAt) / 3_600_000;
  expect(runs.size).toBeLessThanOrEqual(7);
  expect(hours).toBeLessThan(9.5);
});
