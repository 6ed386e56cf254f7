import type { Times } from './runs.ts';

/** One question with several ways to answer it, each over the same seeds. */
export interface Task {
  readonly name: string;
  readonly measure: string;
  /** Arms by name: warm, cold, random, or warm with a misleading source. */
  readonly arms: Readonly<Record<string, (seed: number, times: Times) => number>>;
  /** Figures of others, and what was aimed at. */
  readonly beside: Readonly<Record<string, number | string>>;
  /** Seeds for which there is a start, where they are few. */
  readonly mostSeeds?: number;
}
