import type { Evidence, Violation } from './oracle.ts';

export type EnergyEvidence = Pick<Evidence, 'events' | 'energy' | 'meters' | 'now' | 'drawn'>;

interface Counter {
  readonly first: number;
  last: number;
  readonly firstAt: number;
  lastAt: number;
  resolution: number;
}

/**
 * Energy by meters. A counter shows whole steps, so between the first and the last reading that the events hold the books
 * may differ from what was drawn by one step at each end (here: two steps), and nothing else. A counter that began again
 * hides what it had counted and not told: then the books may be short by that, must be flagged, and must not hold more
 * than was drawn. Readings are as old as their messages, so the truth is taken over the widest time: never more than was
 * drawn until now.
 */
export function checkEnergy(evidence: EnergyEvidence): Violation[] {
  const { energy, meters, now, drawn } = evidence;
  const counters = countersOf(evidence);
  const found: Violation[] = [];
  for (const { device, measured, modelled, source, resets } of energy.devices) {
    const counter = counters.get(device);
    const rule = 'energy is what was drawn';
    const all = drawn(device, now);
    if (measured < -1e-6 || modelled < -1e-6)
      found.push({ rule, sentence: `${device} has less than no energy on the books: ${measured} J, ${modelled} J.` });
    if (counter === undefined || source !== 'meter') continue;
    const slack = 2 * counter.resolution + 1e-6 * all;
    if (measured > all + slack)
      found.push({ rule, sentence: `${device} has ${measured} J by meter on the books and has drawn ${all} J.` });
    if (meters.resets.has(device)) continue;
    if (resets > 0) found.push({ rule, sentence: `${device} is said to have a counter that began again; it has not.` });
    const counted = counter.last - counter.first;
    if (Math.abs(measured - counted) > slack)
      found.push({
        rule,
        sentence: `${device} has ${measured} J by meter on the books; its counter advanced by ${counted} J.`,
      });
  }
  return found;
}

/** The first and the last word of every counter, from readings and results. */
function countersOf({ events }: EnergyEvidence): Map<string, Counter> {
  const counters = new Map<string, Counter>();
  const devices = new Map<string, string>();
  const note = (device: string, total: number, at: number, resolution: number) => {
    const known = counters.get(device);
    if (known === undefined) {
      counters.set(device, { first: total, last: total, firstAt: at, lastAt: at, resolution });
      return;
    }
    known.last = Math.max(known.last, total);
    known.lastAt = at;
    known.resolution = Math.max(known.resolution, resolution);
  };
  for (const event of events) {
    if (event.type === 'command.intended') devices.set(event.data.command.key, event.data.command.device);
    if (event.type === 'meter.read') note(event.data.device, event.data.total, event.at, event.data.resolution);
    if (event.type !== 'command.ended') continue;
    for (const { start, end, resolution } of event.data.meters) {
      const device = devices.get(event.data.key)!;
      note(device, start, event.at, resolution);
      note(device, end, event.at, resolution);
    }
  }
  return counters;
}
