import type { LabEvent } from '../domain/event.ts';
import type { Point } from '../domain/resolve.ts';
import type { ExperimentRow } from '../ledger/ledger.ts';
import type { Datum } from '../optimizer/problem.ts';

/** What is known of an experiment that may not be complete. */
export interface Progress {
  /** The parameters that have been chosen so far. */
  readonly point: Point;
  /** By stage. */
  readonly observations: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly objectives?: Readonly<Record<string, number>>;
}

/** What the optimizer learns from, kept up event by event: asking costs the same in a long campaign as in a short one. */
export class Observations {
  readonly #rows: Datum[] = [];
  readonly #progress = new Map<string, Progress>();

  restore(rows: readonly ExperimentRow[]): void {
    for (const { experiment, parameters: point, status, observations, objectives } of rows) {
      if (status === 'completed') this.#rows.push({ point, values: objectives ?? {} });
      if (status === 'failed') this.#rows.push({ point, failed: true });
      this.#progress.set(experiment, { point, observations, ...(objectives === undefined ? {} : { objectives }) });
    }
  }

  note(event: LabEvent): void {
    switch (event.type) {
      case 'experiment.suggested':
        return void this.#progress.set(event.data.experiment, { point: event.data.suggestion.point, observations: {} });
      case 'experiment.resumed':
        return this.#change(event.data.experiment, ({ point }) => ({
          point: { ...point, ...event.data.suggestion.point },
        }));
      case 'experiment.observed':
        return this.#change(event.data.experiment, ({ observations }) => ({
          observations: { ...observations, [event.data.stage]: event.data.observations },
        }));
      case 'experiment.completed': {
        const { experiment, objectives } = event.data;
        this.#change(experiment, () => ({ objectives }));
        return this.#add(experiment, { values: objectives });
      }
      case 'experiment.failed':
        return this.#add(event.data.experiment, { failed: true });
    }
  }

  /** Finished experiments, as an optimizer sees them that knows no stages. */
  rows(): readonly Datum[] {
    return this.#rows;
  }

  /** Every experiment, by id, with what has been measured of it so far. */
  progress(): ReadonlyMap<string, Progress> {
    return this.#progress;
  }

  #change(experiment: string, by: (before: Progress) => Partial<Progress>): void {
    const before = this.#progress.get(experiment);
    if (before !== undefined) this.#progress.set(experiment, { ...before, ...by(before) });
  }

  #add(experiment: string, outcome: { values: Readonly<Record<string, number>> } | { failed: true }): void {
    const known = this.#progress.get(experiment);
    if (known !== undefined) this.#rows.push({ point: known.point, ...outcome });
  }
}
