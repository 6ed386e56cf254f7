import { expect, test } from 'vitest';
import { definitionOf, WholeLab } from './whole-lab.ts';

test('samples that were planned for the first device go to the others when these come', () => {
  const definition = definitionOf('colour-match', ({ campaign, lab }) => {
    Object.assign(campaign.budget, { experiments: 8 });
    Object.assign(campaign.batch, { size: 8, initial: 8 });
    const { handler } = lab.devices as Record<string, (typeof lab.devices)[keyof typeof lab.devices]>;
    const { meter: _, ...twin } = handler!;
    Object.assign(lab.devices, { twin });
  });
  const lab = new WholeLab(definition);
  lab.simulation.crash('twin');
  lab.startController();
  lab.until('command.ended', 2);
  void lab.simulation.restart('twin');
  lab.run();
  expect(lab.finished).toBe(true);
  const onTwin = lab.ledger.commands({ device: 'twin' }).length;
  expect(onTwin).toBeGreaterThanOrEqual(2);
});
