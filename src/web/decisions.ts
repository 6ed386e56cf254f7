import type { CampaignView, DecisionView, ExperimentView, LinkInputs, LinkView } from '../server/contract.ts';
import { figure, moment, precise, words } from './format.ts';
import type { HeldBar } from './gantt-layout.ts';

/** What the page says of stages that are decided one after the other, in words. */

type Belief = { readonly mean: number; readonly sd: number };

export const beliefText = ({ mean, sd }: Belief): string => `${precise(mean, 3)} ± ${precise(sd, 2)}`;

/** What is predicted of a campaign's samples in one number: its objective, or the compromise of several. */
export function predictedName({ objectives, legs }: CampaignView): string | undefined {
  if (objectives.length === 1) return objectives[0]!.name;
  return legs === undefined ? undefined : 'compromise';
}

/** The latest prediction: it changes with every decision. */
export const predictionOf = ({ decisions }: ExperimentView): DecisionView['predicted'] =>
  decisions.findLast(({ predicted }) => predicted !== undefined)?.predicted;

/** Names of what is known before the last stages of a staged campaign. */
export const proxiesOf = ({ legs = [] }: CampaignView): string[] => legs.slice(0, -1).flatMap(({ outputs }) => outputs);

/** An observation of any stage; of the last, where several have the name. */
export const observed = ({ observations }: ExperimentView, name: string): number | undefined =>
  Object.values(observations).findLast((values) => name in values)?.[name];

/** The step that it is at; or where it is to go on, or is held, and how long its shelf life lasts. */
export function whereText({ status, stage, step, decisions }: ExperimentView): string | undefined {
  if (status === 'running' && step !== undefined) return words(step);
  const hold = decisions.findLast(({ kind }) => kind === 'hold');
  const until = hold?.until === undefined ? undefined : moment(hold.until, hold.at);
  if (status === 'held') return until === undefined ? hold?.place : `until ${until}`;
  if (status !== 'running' || stage === undefined) return undefined;
  return until === undefined ? `to ${words(stage)}` : `to ${words(stage)} by ${until}`;
}

/** A decision with what was known when it was taken, and how long the sample had waited for it. */
export interface Turn {
  readonly at: number;
  readonly decision: DecisionView;
  /** The wait before, if there was one. */
  readonly hold: DecisionView | undefined;
  readonly known: Readonly<Record<string, number>>;
}

/** The decisions on a sample in their order, each with its wait; a wait that is not over is the last. */
export function turnsOf({ decisions, observations }: ExperimentView): Turn[] {
  return decisions.flatMap((decision, i): Turn[] => {
    const next = decisions[i + 1];
    if (decision.kind === 'hold' && next !== undefined) return [];
    const before = decisions[i - 1];
    const hold = decision.kind === 'hold' ? decision : before?.kind === 'hold' ? before : undefined;
    const known = hold?.stage === undefined ? {} : (observations[hold.stage] ?? {});
    return [{ at: decision.at, decision, hold, known }];
  });
}

const waiting = new Set<ExperimentView['status']>(['held', 'indeterminate']);

/** When and where samples have waited; those that wait still, until `now`. */
export function heldBars(experiments: Iterable<ExperimentView>, now: number): HeldBar[] {
  const bars: HeldBar[] = [];
  for (const { number, status, changedAt, decisions } of experiments)
    decisions.forEach(({ kind, at, place, stage = '' }, i) => {
      if (kind !== 'hold' || place === undefined) return;
      const end = decisions[i + 1]?.at ?? (waiting.has(status) ? Math.max(at, now) : changedAt);
      bars.push({ place, number, step: stage, start: at, end });
    });
  return bars;
}

const actions: Readonly<Record<DecisionView['kind'], string>> = {
  start: 'starts',
  hold: 'waits for a decision',
  resume: 'goes on',
  drop: 'dropped',
};

/** goes on with anneal */
export const actionText = ({ kind, stage }: DecisionView): string =>
  stage === undefined || kind === 'hold' ? actions[kind] : `${actions[kind]} with ${words(stage)}`;

/** What a link reads, by name: proxies of the legs before, and parameters. */
export function inputsText({ stage, inputs }: LinkView, { legs = [], parameters }: CampaignView): string {
  const at = legs.findIndex(({ id }) => id === stage);
  const own = at < 0 ? parameters.map(({ name }) => name) : legs[at]!.parameters;
  const earlier = legs.slice(0, Math.max(0, at));
  const settings = earlier.flatMap((leg) => leg.parameters);
  const proxies = earlier.at(-1)?.outputs ?? [];
  const names = {
    parameters: [...settings, ...own],
    proxies: [...proxies, ...own],
    'proxies and parameters': [...proxies, ...settings, ...own],
  }[inputs];
  return listed(names.map(words));
}

/** Below this the evidence of two choices does not differ, in nats. */
const slight = 0.5;

/** How the choices that were not taken compare. */
export function rivalsText({ inputs, evidence }: LinkView): string {
  const chosen = evidence[inputs];
  if (chosen === undefined) return '';
  const rivals = Object.entries(evidence).filter(([name]) => name !== inputs) as [LinkInputs, number][];
  return rivals
    .map(([name, value]) => {
      const lead = chosen - value;
      const subject = {
        parameters: 'Parameters alone',
        proxies: 'Proxies alone',
        'proxies and parameters': 'Both together',
      };
      const verb =
        lead > slight ? 'predict worse' : lead < -slight ? 'predict better, but not surely' : 'predict as well';
      return `${subject[name]} ${verb} (${lead > 0 ? '−' : '+'}${figure(Math.abs(lead), 2)}).`;
    })
    .join(' ');
}

const listed = (names: readonly string[]): string =>
  names.length < 2 ? (names[0] ?? 'nothing') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
