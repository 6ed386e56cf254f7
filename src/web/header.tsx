import { useEffect, useState } from 'preact/hooks';
import type { CampaignView, ProgressView, Welcome } from '../server/contract.ts';
import type { Connection } from './connection.ts';
import { goalSentence } from './convergence-data.ts';
import { Dialog } from './dialog.tsx';
import { mayOrder, orderTexts, type OrderText } from './order-texts.ts';

export interface HeaderProps {
  readonly campaign: CampaignView | undefined;
  readonly progress: ProgressView | undefined;
  readonly welcome: Welcome;
  readonly connected: boolean;
  readonly order: Connection['order'];
}

export function Header({ campaign, progress, welcome, connected, order }: HeaderProps) {
  const state = campaign?.outcome ?? campaign?.state;
  return (
    <header class="top">
      <div class="identity">
        <h1>{campaign?.id ?? 'Labwright'}</h1>
        {state !== undefined && <span class={`state ${state}`}>{state}</span>}
        {campaign !== undefined && (
          <p class="goal">
            {campaign.objectives.map(goalSentence).join(', ')} · {campaign.protocol} · {campaign.site}
            {campaign.version > 1 && (
              <span title="The campaign was changed while it ran; the events tell how.">
                {' '}
                · version {campaign.version}
              </span>
            )}
          </p>
        )}
      </div>
      {welcome.role === 'operator' ? (
        <Orders campaign={campaign} progress={progress} connected={connected} order={order} />
      ) : (
        <p class="viewer" title="To give orders, open the link that the controller printed when it started.">
          Viewer
        </p>
      )}
    </header>
  );
}

function Orders({ campaign, progress, connected, order }: Omit<HeaderProps, 'welcome'>) {
  const [asked, ask] = useState<OrderText>();
  const [said, say] = useState<{ readonly sentence: string; readonly failed: boolean }>();
  useEffect(() => say(undefined), [campaign?.state, campaign?.pinned]);
  const answer = async (confirmed: boolean) => {
    ask(undefined);
    if (!confirmed || asked === undefined) return;
    const given = await order({ op: asked.op });
    say(
      given.ok ? { sentence: `${asked.label}: ordered.`, failed: false } : { sentence: given.sentence, failed: true },
    );
  };
  return (
    <div class="orders">
      <div class="buttons" role="group" aria-label="Orders">
        {orderTexts(progress, campaign?.legs !== undefined)
          .filter(
            ({ op }) =>
              op !== (campaign?.state === 'paused' ? 'pause' : 'resume') &&
              op !== (campaign?.pinned === undefined ? 'unpin' : 'pin'),
          )
          .map((text) => (
            <button
              type="button"
              class={text.op === 'halt' ? 'danger' : ''}
              disabled={!connected || !mayOrder(text.op, campaign)}
              onClick={() => ask(text)}
            >
              {text.label}
            </button>
          ))}
      </div>
      <p class={`answer ${said?.failed ? 'failed' : ''}`} role="status">
        {said?.sentence}
      </p>
      {asked !== undefined && (
        <Dialog
          title={`${asked.label} ${campaign?.id ?? ''}?`}
          confirm={asked.confirm}
          grave={asked.grave}
          answer={answer}
        >
          {asked.consequence}
        </Dialog>
      )}
    </div>
  );
}
