import type { CoreState } from '../control/core.ts';
import type { LabEvent } from '../domain/event.ts';
import type { Point } from '../domain/resolve.ts';
import type { ObservationRow } from '../ledger/ledger.ts';
import type { Datum } from '../optimizer/problem.ts';

/** What the optimizer learns from, kept up event by event: asking costs the same in a long campaign as in a short one. */
export class Observations {
  readonly #rows: Datum[] = [];
  readonly #points = new Map<string, Point>();

  restore(rows: readonly ObservationRow[], state: CoreState): void {
    for (const { parameters: point, status, objectives: values } of rows)
      this.#rows.push(status === 'completed' ? { point, values } : { point, failed: true });
    for (const [id, { context }] of state.experiments) this.#points.set(id, context.point);
  }

  note(event: LabEvent): void {
    if (event.type === 'experiment.suggested') this.#points.set(event.data.experiment, event.data.suggestion.point);
    if (event.type === 'experiment.completed') this.#add(event.data.experiment, { values: event.data.objectives });
    if (event.type === 'experiment.failed') this.#add(event.data.experiment, { failed: true });
    if (event.type === 'experiment.cleared') this.#points.delete(event.data.experiment);
  }

  rows(): readonly Datum[] {
    return this.#rows;
  }

  #add(experiment: string, outcome: { values: Readonly<Record<string, number>> } | { failed: true }): void {
    const point = this.#points.get(experiment);
    if (point !== undefined) this.#rows.push({ point, ...outcome });
  }
}
