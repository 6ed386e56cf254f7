import type { Ledger } from '../../ledger/ledger.ts';

/** What the campaign has used up to a moment: cumulated, by meters and power models together. */
export interface EnergyPoint {
  /** ms from the start of the campaign. */
  readonly at: number;
  /** J by device. */
  readonly joules: Readonly<Record<string, number>>;
  /** Materials pro rata of their lots and energy by the tariff of the lab, in its currency. */
  readonly cost: number;
  /** The same for emissions, kg of CO2 equivalent. */
  readonly co2eKg: number;
}

/** Points that are kept; when there are more, every other one is given up and they come half as often from then on. */
const most = 300;

/** Writes the accounts down while a rehearsal runs; how long it will be is not known beforehand. */
export class EnergyCurve {
  readonly #ledger: Ledger;
  #points: EnergyPoint[] = [];
  #spacingMs = 10_000;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** At lab time `now`; notes nothing when the last point is near. */
  note(now: number): void {
    const at = now - (this.#ledger.campaign()?.openedAt ?? now);
    const last = this.#points.at(-1);
    if (last !== undefined && at < last.at + this.#spacingMs) return;
    this.#points.push(pointOf(this.#ledger, at));
    if (this.#points.length <= most) return;
    this.#points = this.#points.filter((_, i) => i % 2 === 0);
    this.#spacingMs *= 2;
  }

  /** All points, the last of them at the end of the campaign. */
  end(now: number): readonly EnergyPoint[] {
    const at = now - (this.#ledger.campaign()?.openedAt ?? now);
    return [...this.#points.filter((point) => point.at < at), pointOf(this.#ledger, at)];
  }
}

function pointOf(ledger: Ledger, at: number): EnergyPoint {
  const { cost, co2e } = ledger.totals();
  const { devices } = ledger.energy();
  const joules = Object.fromEntries(devices.map(({ device, measured, modelled }) => [device, measured + modelled]));
  return { at, joules, cost, co2eKg: co2e };
}

/**
 * Mean power of a device, W, from one change of its account to the next: what it draws while idle is booked with its next
 * command.
 */
export function powerOf(
  points: readonly EnergyPoint[],
  device: string,
): (readonly [from: number, to: number, watts: number])[] {
  const stretches: (readonly [number, number, number])[] = [];
  let [from, joules] = [points[0]?.at ?? 0, points[0]?.joules[device] ?? 0];
  for (const { at, joules: all } of points) {
    const now = all[device] ?? 0;
    if (now === joules || at <= from) continue;
    stretches.push([from, at, (now - joules) / ((at - from) / 1000)]);
    [from, joules] = [at, now];
  }
  return stretches;
}
