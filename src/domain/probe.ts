import { stream } from '../base/random.ts';
import { unitOf, type Definition } from './campaign.ts';
import { fromSi } from './quantity.ts';
import type { Point } from './resolve.ts';

/** Corners and some inner points of the box; constraints are not considered, so single bounds only are judged by it. */
export function probePoints(definition: Definition): Point[] {
  const random = stream(0, 'check');
  const at = (fraction: (name: string) => number): Point =>
    Object.fromEntries(
      Object.entries(definition.campaign.space).map(([name, p]) => {
        const u = fraction(name);
        if (p.type === 'continuous') return [name, fromSi(p.min.si + u * (p.max.si - p.min.si), unitOf(p))];
        if (p.type === 'integer') return [name, Math.round(p.min + u * (p.max - p.min))];
        const index = Math.min(p.levels.length - 1, Math.floor(u * p.levels.length));
        return [name, p.type === 'ordinal' ? fromSi(p.levels[index]!.si, unitOf(p)) : p.levels[index]!];
      }),
    );
  return [at(() => 0), at(() => 1), at(() => 0.5), ...Array.from({ length: 29 }, () => at(() => random.next()))];
}
