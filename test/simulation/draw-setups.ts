import { stream } from '../../src/base/random.ts';
import type { Written } from './draw-lab.ts';

/** What recipes are made of, by protocol: a parameter, in SI units, and how much of it makes another recipe. */
const parts: Readonly<Record<string, string>> = {
  sim: '=floor(red / 5e-8)',
  'sim-flow': '=floor(equivalents / 2)',
  'sim-shop': '=floor(struts / 3)',
};

/** In some labs devices are set up between recipes, and all steps have one. */
export function withSetups<T extends { readonly lab: Written; readonly protocol: Written }>(seed: number, drawn: T): T {
  const random = stream(seed, 'setups');
  const longer = stream(seed, 'set up longer');
  // The second kind has hours and dear energy as well.
  if (seed % 16 !== 4 && seed % 32 !== 13) return drawn;
  const { lab, protocol } = drawn;
  const recipe = parts[String(protocol['protocol'])];
  const stages = (protocol['stages'] as { steps: Written[] }[]).map((stage) => ({
    ...stage,
    steps: stage.steps.map((step) => ({ recipe, ...step })),
  }));
  const devices = Object.entries(lab['devices'] as Record<string, Written>).map(([id, written]) => {
    const able = written['kind'] !== 'robot-arm' && ((written['concurrency'] ?? 1) === 1 || written['batch'] === true);
    const seconds = 20 + random.integer(random.chance(0.5) ? 100 : 600);
    const setup = { setup: `${seconds} s` };
    const part = longer.chance(0.5) ? 0.5 : 1.5;
    const between = { setup_between: [{ from: 0, to: 1, takes: `${Math.ceil(seconds * part)} s` }] };
    return [id, able ? { ...written, ...setup, ...(random.chance(0.5) ? between : {}) } : written];
  });
  return { ...drawn, lab: { ...lab, devices: Object.fromEntries(devices) }, protocol: { ...protocol, stages } };
}
