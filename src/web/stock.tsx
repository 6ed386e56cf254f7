import type { LotView } from '../server/contract.ts';
import { amount } from './format.ts';
import { Empty, Panel } from './panel.tsx';

/** What is left of every lot: used, promised to experiments, and free. */
export function StockPanel({ lots }: { readonly lots: ReadonlyMap<string, LotView> }) {
  return (
    <Panel name="stock" title="Stock" aside={<StockLegend />}>
      {lots.size === 0 && <Empty>No material is registered.</Empty>}
      <ul class="rows">
        {[...lots.values()].map((lot) => (
          <Lot key={lot.id} lot={lot} />
        ))}
      </ul>
    </Panel>
  );
}

function Lot({ lot }: { readonly lot: LotView }) {
  const { name, lot: id, unit, registered, used, reserved, hazard, expires } = lot;
  const onHand = registered - used;
  const free = onHand - reserved;
  const share = (value: number) => `${(100 * Math.min(1, Math.max(0, value / registered))).toFixed(2)}%`;
  const low = free < registered * 0.1;
  const say = (value: number) => amount(value, unit, registered);
  const sentence = `${name}: ${say(onHand)} of ${say(registered)} on hand, ${say(reserved)} reserved, ${say(used)} used`;
  return (
    <li class={low ? 'lot low' : 'lot'}>
      <div class="lot-head">
        <span>
          <strong>{name}</strong> <span class="quiet">{id}</span>
          {hazard !== undefined && <span class="hazard"> {hazard}</span>}
        </span>
        <span class="numeric">
          {say(onHand)} <span class="quiet">of {say(registered)}</span>
        </span>
      </div>
      <div class="meter" role="img" aria-label={sentence} title={sentence}>
        <span class="free" style={{ width: share(free) }} />
        <span class="reserved" style={{ width: share(reserved) }} />
      </div>
      {(low || expires !== undefined) && (
        <p class="quiet">
          {low && <span class="warn">{free <= 0 ? 'nothing free' : `only ${say(free)} free`}</span>}
          {low && expires !== undefined && ' · '}
          {expires !== undefined && `expires ${expires}`}
        </p>
      )}
    </li>
  );
}

const StockLegend = () => (
  <span class="legend">
    <span>
      <span class="key free" /> free
    </span>
    <span>
      <span class="key reserved" /> reserved
    </span>
  </span>
);
