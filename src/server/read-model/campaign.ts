import type { Definition } from '../../domain/campaign.ts';
import { unitOf } from '../../domain/campaign.ts';
import { isStaged, legsOf } from '../../domain/stages.ts';
import type { EventOf, LabEvent } from '../../domain/event.ts';
import { Rates } from '../../domain/tariff.ts';
import type { CampaignState, CampaignView, LegView, ObjectiveView, ProgressView, SourceView } from '../contract.ts';
import { noCounts } from '../life-cycle.ts';
import { bestOf } from './best.ts';
import { put, update, type Model } from './model.ts';

/** The campaign itself: its definition as it is opened and changed, and its state. */
export function foldCampaign(model: Model, event: LabEvent): void {
  switch (event.type) {
    case 'campaign.opened':
      return open(model, event);
    case 'campaign.changed':
      return redefine(model, event);
    case 'suggestions.received':
      return trust(model, event);
    case 'campaign.paused':
      return turn(model, 'paused', event.data);
    case 'campaign.resumed':
      return turn(model, 'running', event.data);
    case 'campaign.stopping':
      return turn(model, 'stopping', event.data);
    case 'campaign.aborted':
      return turn(model, 'aborted', event.data);
    case 'campaign.halted':
      return turn(model, 'halted', event.data);
    case 'plan.pinned':
      return change(model, { pinned: { by: event.data.by, since: event.at } });
    case 'plan.unpinned':
      return change(model, { pinned: undefined });
    case 'campaign.finished': {
      const { outcome, reason } = event.data;
      return change(model, { state: 'finished', outcome, reason, finishedAt: event.at });
    }
  }
}

export const campaignOf = (model: Model): CampaignView | undefined => [...model.sections.campaign.values()][0];
export const progressOf = (model: Model): ProgressView | undefined => [...model.sections.progress.values()][0];

export function changeProgress(model: Model, values: Partial<ProgressView>): void {
  const progress = progressOf(model);
  if (progress !== undefined) put(model, 'progress', { ...progress, ...values });
}

function open(model: Model, { at, data }: EventOf<'campaign.opened'>): void {
  const { campaign, protocol, lab } = data.definition;
  model.lab = lab;
  model.rates = new Rates(lab);
  model.protocol = protocol;
  put(model, 'campaign', {
    ...fixedPart(data.definition),
    ...problemPart(data.definition),
    version: 1,
    id: data.campaign,
    state: 'running',
    openedAt: at,
    speed: data.clock.speed,
    ...(campaign.description === undefined ? {} : { description: campaign.description }),
  });
  put(model, 'progress', { id: data.campaign, counts: noCounts(), best: {}, joules: 0 });
}

/** Another problem from here on: what counts as the best may be another experiment now. */
function redefine(model: Model, { data }: EventOf<'campaign.changed'>): void {
  const { protocol } = model;
  if (protocol === undefined) return;
  change(model, { ...problemPart({ campaign: data.campaign, protocol }), version: data.version });
  changeProgress(model, { best: bestOf(model) });
}

/** Batches of which the trust is shown. */
const longestTrust = 200;

function trust(model: Model, { data }: EventOf<'suggestions.received'>): void {
  const told = data.model?.sources;
  if (told === undefined) return;
  const before = progressOf(model)?.sources ?? [];
  const names = [...new Set(told.map(({ name }) => name))];
  const sources = names.map((name): SourceView => {
    const outcomes = told.filter((source) => source.name === name);
    const mean = outcomes.reduce((sum, source) => sum + source.trust, 0) / outcomes.length;
    const earlier = before.find((source) => source.name === name)?.trust ?? [];
    return { name, trust: [...earlier, mean].slice(-longestTrust), cap: outcomes[0]!.cap };
  });
  changeProgress(model, { sources });
}

type Problem = Pick<Definition, 'campaign' | 'protocol'>;

function fixedPart({ protocol, lab }: Definition) {
  return {
    site: lab.site,
    protocol: protocol.protocol,
    currency: lab.currency,
    stages: protocol.stages.map((stage) => stage.id),
  };
}

function problemPart(problem: Problem) {
  const { campaign } = problem;
  const legs = legsView(problem);
  const { experiments, time, energy, money } = campaign.budget;
  return {
    parameters: Object.entries(campaign.space).map(([name, parameter]) => ({ name, unit: unitOf(parameter) })),
    objectives: campaign.objectives.map(objectiveView),
    ...(legs === undefined ? {} : { legs, costs: campaign.stages?.cost ?? ('time' as const) }),
    batch: { size: campaign.batch.size, mode: campaign.batch.mode },
    budget: {
      experiments,
      ...(time === undefined ? {} : { time }),
      ...(energy === undefined ? {} : { energy }),
      ...(money === undefined ? {} : { money }),
    },
  };
}

function legsView(problem: Problem): LegView[] | undefined {
  if (!isStaged(problem)) return undefined;
  const legs = legsOf(problem);
  return legs.map(({ id, parameters, stages }, k) => ({
    id,
    parameters,
    outputs:
      k === legs.length - 1
        ? problem.campaign.objectives.map(({ name }) => name)
        : stages.flatMap(({ observes }) => Object.keys(observes)),
  }));
}

const objectiveView = (objective: Definition['campaign']['objectives'][number]): ObjectiveView => ({
  name: objective.name,
  goal: objective.goal,
  unit: objective.unit,
  ...(objective.target === undefined ? {} : { target: objective.target }),
  ...(objective.stop_at === undefined ? {} : { stopAt: objective.stop_at }),
});

function turn(model: Model, state: CampaignState, { by, reason }: { by: string; reason?: string }): void {
  change(model, { state, by, ...(reason === undefined ? {} : { reason }) });
}

function change(model: Model, values: Partial<CampaignView>): void {
  const campaign = campaignOf(model);
  if (campaign !== undefined) update(model, 'campaign', campaign.id, values);
}
