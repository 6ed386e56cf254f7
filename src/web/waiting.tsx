import type { StatusView } from '../server/contract.ts';
import { leftText, words } from './format.ts';
import { Empty, Panel } from './panel.tsx';

const most = 50;

/** Why steps that could be next are not started yet. Its height is fixed: it changes with every step. */
export function WaitingPanel({ waiting, now }: { readonly waiting: StatusView['waiting']; readonly now: number }) {
  return (
    <Panel name="waiting" title="Waiting" aside={waiting.length}>
      <ul class="scroll" tabindex={0} aria-label="Steps that wait, and why">
        {waiting.slice(0, most).map(({ number, step, reason, due }) => (
          <li>
            <span class="number">{number}</span>
            <span>
              {words(step)}:{' '}
              <span class="quiet">
                {due === undefined ? reason : `${reason.slice(0, -1)}, ${leftText(due - now)}.`}
              </span>
            </span>
          </li>
        ))}
        {waiting.length === 0 && <Empty>Nothing waits.</Empty>}
      </ul>
    </Panel>
  );
}
