import type { DeviceState, EventOf, LabEvent } from '../../domain/event.ts';
import type { CurrentCommand, DeviceView } from '../contract.ts';
import { put, update, type Model } from './model.ts';

/** The devices of the lab: what they are, what they say of themselves, and what they are doing. */
export function foldDevices(model: Model, event: LabEvent): void {
  switch (event.type) {
    case 'campaign.opened':
      return install(model, event);
    case 'device.announced': {
      const { vendor, model: name, firmware } = event.data.descriptor;
      return update(model, 'devices', event.data.device, { vendor, model: name, firmware });
    }
    case 'device.changed':
      return changeState(model, event);
    case 'command.intended':
      return begin(model, event);
    case 'command.accepted':
      return changeCurrent(model, event.data.key, (known) => [
        { ...known, since: event.at, expectedEnd: event.at + known.expectedEnd - known.since },
      ]);
    case 'command.overdue':
      return changeCurrent(model, event.data.key, (known) => [{ ...known, overdue: true }]);
    case 'command.refused':
    case 'command.ended':
      return changeCurrent(model, event.data.key, () => []);
  }
}

function install(model: Model, { data }: EventOf<'campaign.opened'>): void {
  const { lab } = data.definition;
  const transporters = new Set<string>(lab.transport?.by);
  for (const [id, { kind, places, concurrency, batch }] of Object.entries(lab.devices)) {
    const view: DeviceView = {
      id,
      kind,
      places,
      concurrency,
      batch,
      transporter: transporters.has(id),
      current: [],
    };
    put(model, 'devices', view);
  }
}

function begin(model: Model, { at, data: { command } }: EventOf<'command.intended'>): void {
  const device = model.sections.devices.get(command.device);
  if (device === undefined) return;
  const current: CurrentCommand = {
    key: command.key,
    capability: command.capability,
    number: model.sections.experiments.get(command.experiment)?.number ?? 0,
    step: command.step,
    since: at,
    expectedEnd: at + command.expected.typical,
    overdue: false,
  };
  update(model, 'devices', command.device, withCurrent(device, [...device.current, current]));
}

function changeState(model: Model, { at, data }: EventOf<'device.changed'>): void {
  const current = model.sections.devices.get(data.device)?.current ?? [];
  update(model, 'devices', data.device, { state: shownState(data.state, current), since: at });
}

/** Whether a device that can work is at work its commands tell; the log holds only its coming and going. */
function shownState(state: DeviceState, current: readonly CurrentCommand[]): DeviceState {
  if (state !== 'ready' && state !== 'busy') return state;
  return current.length > 0 ? 'busy' : 'ready';
}

const withCurrent = ({ state }: DeviceView, current: readonly CurrentCommand[]) => ({
  current,
  ...(state === undefined ? {} : { state: shownState(state, current) }),
});

function changeCurrent(model: Model, key: string, change: (known: CurrentCommand) => CurrentCommand[]): void {
  const open = model.commands.get(key);
  const device = open && model.sections.devices.get(open.command.device);
  if (device === undefined) return;
  const current = device.current.flatMap((known) => (known.key === key ? change(known) : [known]));
  update(model, 'devices', device.id, withCurrent(device, current));
}
