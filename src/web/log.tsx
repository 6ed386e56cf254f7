import { useState } from 'preact/hooks';
import type { LogLine } from '../server/contract.ts';
import type { Connection } from './connection.ts';
import { clock } from './format.ts';
import { Panel, Switches } from './panel.tsx';

export interface LogProps {
  readonly log: readonly LogLine[];
  readonly older: Connection['olderLog'];
}

const choices = [
  ['Main', false],
  ['All', true],
] as const;

/** The event log, newest first. */
export function LogPanel({ log, older }: LogProps) {
  const [past, setPast] = useState<readonly LogLine[]>([]);
  const [failure, fail] = useState<string>();
  const [detailed, setDetailed] = useState(false);
  const oldest = past[0]?.seq ?? log[0]?.seq ?? 1;
  const kept = new Set(log.map((line) => line.seq));
  const lines = [...past.filter((line) => !kept.has(line.seq)), ...log];
  const more = async () => {
    try {
      setPast([...(await older(oldest)), ...lines]);
      fail(undefined);
    } catch {
      fail('The controller has not answered.');
    }
  };
  return (
    <Panel
      name="log"
      title="Events"
      aside={<Switches label="Events shown" options={choices} value={detailed} choose={setDetailed} />}
    >
      <ol class="scroll lines" tabindex={0} aria-label="Events, newest first" reversed>
        {lines
          .toReversed()
          .filter((line) => detailed || line.level !== 'detail')
          .map((line) => (
            <li key={line.seq} class={line.level} title={`${line.type}, event ${line.seq}, by ${line.actor}`}>
              <time>{clock(line.at)}</time>
              <span>{line.text}</span>
            </li>
          ))}
        {oldest > 1 && (
          <li>
            <button type="button" class="more" onClick={more}>
              Show earlier events
            </button>
            {failure}
          </li>
        )}
      </ol>
    </Panel>
  );
}
