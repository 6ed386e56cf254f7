import type { EventOf, EventType, LabEvent } from '../../domain/event.ts';
import type { Connection } from '../sqlite.ts';

/** What to do for each type of event that concerns a projection. `previousAt`: lab time of the event before, ms. */
export type Handlers = { readonly [T in EventType]?: (event: EventOf<T>, previousAt: number) => void };

/** Tables derived from events alone, in the transaction of the event. Applied again from zero they come out equal. */
export interface Projection {
  /** CREATE statements. */
  readonly schema: string;
  /** Prepares the statements on a connection. */
  handlers(db: Connection): Handlers;
}

/** Hands an event to every projection that concerns itself with its type, in their order. */
export function applier(db: Connection, projections: readonly Projection[]) {
  const all = projections.map((projection) => projection.handlers(db));
  return (event: LabEvent, previousAt: number): void => {
    for (const handlers of all) {
      const handle = handlers[event.type] as ((event: LabEvent, previousAt: number) => void) | undefined;
      handle?.(event, previousAt);
    }
  };
}
