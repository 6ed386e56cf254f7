import { expect, test } from 'vitest';
import { decide, initialState } from '../../src/control/core.ts';
import { isAvailable } from '../../src/engine/lab-problem.ts';
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

test('an arm that is ready, but has not said yet what it can do, is waited for', () => {
  // Its descriptor was held back on its way (seed 196818): the first experiment failed for want of the capability.
  const lab = new WholeLab(definitionOf('colour-match'));
  lab.startController();
  lab.until('command.ended', 1);
  const heard = [...lab.ledger.events()].filter(
    ({ type, data }) => type !== 'device.announced' || !('device' in data) || data.device !== 'arm',
  );
  const state = heard.reduce((before, event) => decide(before, event).state, initialState());
  expect(state.devices.get('arm')?.value).toBe('usable');
  expect(isAvailable(state, 'arm')).toBe(false);
  expect(isAvailable(lab.engine.state, 'arm')).toBe(true);
});
