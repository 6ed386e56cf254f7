import type { SourceView } from '../server/contract.ts';
import { words } from './format.ts';

const [width, height] = [96, 18];

/** How far the optimizer trusts each earlier campaign, and how that has changed with every batch. */
export function Sources({ sources }: { readonly sources: readonly SourceView[] }) {
  return (
    <ul class="sources" aria-label="Trust in earlier campaigns">
      {sources.map(({ name, trust, cap }) => (
        <li key={name}>
          <span>
            trusts {words(name)} <b>{Math.round(100 * trust.at(-1)!)} %</b>
            {cap < 1 && ` (at most ${Math.round(100 * cap)} %)`}
          </span>
          <svg width={width} height={height} role="img" aria-label={`of ${trust.length} batches`}>
            <polyline points={lineOf(trust)} />
          </svg>
        </li>
      ))}
    </ul>
  );
}

function lineOf(trust: readonly number[]): string {
  const all = trust.length === 1 ? [trust[0]!, trust[0]!] : trust;
  return all
    .map((value, i) => `${((i * width) / (all.length - 1)).toFixed(1)},${(1 + (height - 2) * (1 - value)).toFixed(1)}`)
    .join(' ');
}
