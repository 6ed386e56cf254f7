import { transition, type AnyMachineSnapshot, type AnyStateMachine } from 'xstate';
import type { Effect } from '../domain/effect.ts';

/**
 * XState as a pure function. Machines hold no invoke, no spawn and no delay. A machine only names its effects as actions;
 * what an action of that name asks for is computed here from the context after the transition. What a machine does not
 * expect it ignores, so callers ask `can` first where that matters.
 */
export interface Behaviour<M extends AnyStateMachine, Context, Event> {
  readonly machine: M;
  readonly effects: Readonly<Record<string, (context: Context, event: Event) => readonly Effect[]>>;
}

/** The implementation of every action that stands for effects. */
export const asEffect = (): void => undefined;

type SnapshotOf<M extends AnyStateMachine> = ReturnType<M['resolveState']>;

export function step<M extends AnyStateMachine, C, E>(
  behaviour: Behaviour<M, C, E>,
  snapshot: SnapshotOf<M>,
  event: E,
): [SnapshotOf<M>, Effect[]] {
  const [next, actions] = transition(behaviour.machine, snapshot as never, event as never);
  const { context } = next as AnyMachineSnapshot;
  const effects = actions.flatMap(({ type }) => behaviour.effects[type]?.(context as C, event) ?? []);
  return [next as SnapshotOf<M>, effects];
}

interface Kept {
  readonly value: unknown;
  readonly context: unknown;
}

/** A snapshot as text that outlives the process and the library's version. */
export const keep = (snapshot: AnyMachineSnapshot): string =>
  JSON.stringify({ value: snapshot.value, context: snapshot.context } satisfies Kept);

export function restore<M extends AnyStateMachine>(machine: M, text: string): SnapshotOf<M> {
  const { value, context } = JSON.parse(text) as Kept;
  return machine.resolveState({ value, context } as never) as SnapshotOf<M>;
}
