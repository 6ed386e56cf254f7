import type { CampaignState, CampaignView, ProgressView } from '../server/contract.ts';
import { plural } from './format.ts';

export type Op = 'pause' | 'resume' | 'pin' | 'unpin' | 'stop' | 'abort' | 'halt';

export interface OrderText {
  readonly op: Op;
  readonly label: string;
  /** The button that does it. */
  readonly confirm: string;
  readonly consequence: string;
  /** Cannot be taken back. */
  readonly grave: boolean;
}

const allowed: Readonly<Record<Op, readonly CampaignState[]>> = {
  pause: ['running'],
  resume: ['paused'],
  pin: ['running', 'paused', 'stopping'],
  unpin: ['running', 'paused', 'stopping'],
  stop: ['running', 'paused'],
  abort: ['running', 'paused', 'stopping'],
  halt: ['running', 'paused', 'stopping', 'aborted'],
};

export const mayOrder = (op: Op, campaign: CampaignView | undefined): boolean =>
  campaign !== undefined && allowed[op].includes(campaign.state);

/** What each order will do, in a sentence, before it is given. */
export function orderTexts(progress: ProgressView | undefined, staged = false): readonly OrderText[] {
  const counts = progress?.counts;
  const running = counts === undefined ? 0 : counts.running + counts.observed + counts.indeterminate;
  const held = counts?.held ?? 0;
  const unfinished = running + held + (counts?.planned ?? 0) + (counts?.suggested ?? 0);
  return [
    {
      op: 'pause',
      label: 'Pause',
      confirm: 'Pause',
      consequence: `Steps that are running finish. Nothing new starts until you resume.${held === 0 ? '' : ' The shelf life of held samples goes on.'}`,
      grave: false,
    },
    {
      op: 'resume',
      label: 'Resume',
      confirm: 'Resume',
      consequence: 'Steps that wait may start again at once.',
      grave: false,
    },
    {
      op: 'pin',
      label: 'Pin plan',
      confirm: 'Pin the plan',
      consequence:
        'What is planned keeps its order, and new samples are planned around it, until you unpin it. Only what cannot hold is planned anew.',
      grave: false,
    },
    {
      op: 'unpin',
      label: 'Unpin plan',
      confirm: 'Unpin the plan',
      consequence: 'All that has not begun may be planned in another order at once.',
      grave: false,
    },
    {
      op: 'stop',
      label: 'Stop',
      confirm: 'Stop the campaign',
      consequence: stopText(running, held, staged),
      grave: false,
    },
    {
      op: 'abort',
      label: 'Abort',
      confirm: 'Abort the campaign',
      consequence: `Running steps are cancelled now, and the samples of ${plural(unfinished, 'unfinished experiment')} are discarded. Results so far are kept.`,
      grave: true,
    },
    {
      op: 'halt',
      label: 'Halt',
      confirm: 'Halt every device now',
      consequence:
        'Emergency: every device is told to go to its safe state at once, whatever that does to the samples. A halted campaign does not go on by itself.',
      grave: true,
    },
  ];
}

function stopText(running: number, held: number, staged: boolean): string {
  const end = staged ? 'to its end, or to where it would wait for a decision' : 'to its end';
  const runs = running === 0 ? 'Nothing is running' : `What runs (${plural(running, 'experiment')}) is carried ${end}`;
  const drops = held === 0 ? '' : ` ${plural(held, 'held sample')} will be dropped.`;
  return `No new experiment begins. ${runs}, and all results are kept.${drops}`;
}
