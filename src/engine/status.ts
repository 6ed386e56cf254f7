import type { Assignment } from '../scheduling/model.ts';

/** What the engine knows beyond the ledger: the future as planned, and why things wait. */
export interface EngineStatus {
  /** Lab time, ms. */
  readonly now: number;
  readonly plan: readonly Assignment[];
  /** When the last planned step ends, ms; undefined when nothing is planned. */
  readonly planEnd?: number;
  /** Estimated end of the campaign, ms; undefined until an experiment has ended. */
  readonly eta?: number;
  /** Why planned steps are not started yet. */
  readonly waiting: readonly {
    readonly sample: string;
    readonly step: string;
    readonly reason: string;
    /** When what it waits for is expected to be over, where that is known, ms. */
    readonly due?: number;
  }[];
  /** Where durations differ from what is declared, in sentences; absent where they do not. */
  readonly durations?: readonly string[];
  readonly brokerConnected: boolean;
}
