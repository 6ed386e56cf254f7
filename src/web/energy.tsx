import type { EnergyView } from '../server/contract.ts';
import { amount, watts } from './format.ts';
import { Empty, Panel } from './panel.tsx';

export function EnergyPanel({ energy }: { readonly energy: ReadonlyMap<string, EnergyView> }) {
  const devices = [...energy.values()].sort((a, b) => b.joules - a.joules);
  const total = devices.reduce((sum, device) => sum + device.joules, 0);
  const most = devices[0]?.joules ?? 0;
  return (
    <Panel name="energy" title="Energy" aside={`${amount(total, 'J')} in all`}>
      {devices.length === 0 && <Empty>No energy has been booked yet.</Empty>}
      <ul class="rows">
        {devices.map(({ id, joules, basis, power }) => (
          <li key={id} class="lot">
            <div class="lot-head">
              <span>
                <strong>{id}</strong>{' '}
                <span class="quiet">
                  {basis}
                  {power === undefined ? '' : `, ${watts(power)}`}
                </span>
              </span>
              <span class="numeric">{amount(joules, 'J')}</span>
            </div>
            <div class={`meter ${basis}`} aria-hidden="true">
              <span class="energy" style={{ width: `${most === 0 ? 0 : (100 * joules) / most}%` }} />
            </div>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
