import type { CurrentCommand, DeviceView } from '../server/contract.ts';
import { leftText, plural, words } from './format.ts';
import { Empty, Panel } from './panel.tsx';

export interface DevicesProps {
  readonly devices: ReadonlyMap<string, DeviceView>;
  readonly now: number;
  /** Where they take other than declared, in sentences. */
  readonly durations: readonly string[];
}

export function DevicesPanel({ devices, now, durations }: DevicesProps) {
  const all = [...devices.values()];
  const busy = all.filter((device) => device.current.length > 0).length;
  return (
    <Panel name="devices" title="Devices" aside={`${busy} of ${all.length} working`}>
      {all.length === 0 && <Empty>No device has been heard yet.</Empty>}
      <ul class="rows">
        {all.map((device) => (
          <Device key={device.id} device={device} now={now} />
        ))}
      </ul>
      {durations.length > 0 && (
        <details class="quiet">
          <summary>{plural(durations.length, 'duration')} other than declared</summary>
          {durations.map((sentence) => (
            <p key={sentence}>{sentence}</p>
          ))}
        </details>
      )}
    </Panel>
  );
}

const shown = 3;

function Device({ device, now }: { readonly device: DeviceView; readonly now: number }) {
  const { id, kind, vendor, model, state, places, batch, transporter, current } = device;
  const what = model === undefined ? words(kind) : `${vendor} ${model}`;
  const room = transporter ? 'moves samples' : `${places} place${places === 1 ? '' : 's'}${batch ? ', batch' : ''}`;
  return (
    <li class="device">
      <div class="device-head">
        <span class={`dot ${state ?? 'unheard'}`} aria-hidden="true" />
        <strong>{id}</strong>
        <span class="device-state">{state ?? 'not heard yet'}</span>
      </div>
      <p class="quiet">
        {what} · {room}
      </p>
      {current.length === 0 && <Idle />}
      {current.slice(0, shown).map((command) => (
        <Current key={command.key} command={command} now={now} />
      ))}
      {current.length > shown && <p class="quiet">and {current.length - shown} more</p>}
    </li>
  );
}

/** Keeps the place of a command, so that the page does not jump with every one. */
const Idle = () => (
  <div class="current quiet">
    <span>idle</span>
    <progress value={0} max={1} aria-hidden="true" />
  </div>
);

function Current({ command, now }: { readonly command: CurrentCommand; readonly now: number }) {
  const { capability, number, since, expectedEnd, overdue } = command;
  const left = expectedEnd - now;
  const share = expectedEnd > since ? Math.min(1, Math.max(0, (now - since) / (expectedEnd - since))) : 0;
  return (
    <div class={overdue ? 'current overdue' : 'current'}>
      <span>
        {words(capability)}, experiment {number}
      </span>
      <span class="quiet">{overdue ? 'overdue' : leftText(left)}</span>
      <progress value={share} max={1} aria-label={`${words(capability)} for experiment ${number}`} />
    </div>
  );
}
