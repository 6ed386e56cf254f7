import type { Result } from '../base/failure.ts';
import type { CoreState } from '../control/core.ts';
import type { Definition } from '../domain/campaign.ts';
import type { NewEvent } from '../domain/event.ts';
import { isStaged } from '../domain/stages.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { optionsOf, problemOf, type Advice, type Question } from './advisor.ts';
import type { Observations } from './observations.ts';
import { stagedQuestion } from './staging.ts';

/** What is known now, as a question for `count` experiments. */
export function questionFor(
  definition: Definition,
  { state, data, ledger }: { state: CoreState; data: Observations; ledger: Ledger },
  count: number,
): Question {
  const problem = problemOf(definition.campaign);
  if (isStaged(definition))
    return stagedQuestion(definition, problem, state, data.progress(), ledger.stageCosts(), count);
  const pending = [...state.experiments.values()]
    .filter(({ value }) => value !== 'clearing' && value !== 'stuck')
    .map(({ context }) => context.point);
  return { problem, data: data.rows(), pending, options: optionsOf(definition, count) };
}

export function answerOf(ask: number, advice: Result<Advice>): NewEvent {
  if (advice.ok) return { type: 'suggestions.received', data: { ask, ...advice.value } };
  const reason = `the optimizer has no suggestion: ${advice.failure.message}`;
  return { type: 'suggestions.refused', data: { ask, reason } };
}
