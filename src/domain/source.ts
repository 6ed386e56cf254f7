import * as z from 'zod';
import { Name } from './ids.ts';
import { writtenQuantity } from './quantity.ts';

/** Earlier campaigns as priors, and what a person expects: the part of campaign.yaml that warms its start. */

export const SourceEntry = z
  .strictObject({
    /** The run folder of an earlier campaign, or its ledger; relative to this file. */
    ledger: z.string().optional(),
    /** A CSV table with a header: parameters and objectives by name, numbers in the units of this campaign. */
    table: z.string().optional(),
    /** Its names by the names that parameters and objectives have here. */
    renames: z.record(Name, z.string()).optional(),
    /** By parameter: its levels by the levels that they are here. */
    levels: z.record(Name, z.record(z.string(), z.string())).optional(),
    /**
     * Values of what only one side varied: what it held a parameter of this campaign at, or what a parameter that only
     * it varied is held at today. Numbers are in the parameter's unit.
     */
    held: z.record(z.string(), z.union([z.number(), z.string()])).optional(),
    /** The most that it may be trusted, 0 to 1. */
    cap: z.number().min(0).max(1).default(1),
  })
  .refine(({ ledger, table }) => (ledger === undefined) !== (table === undefined), {
    message: 'needs exactly one of "ledger" and "table".',
  });
export type SourceEntry = z.infer<typeof SourceEntry>;

/** What a parameter or objective that a source calls otherwise is called here. */
export const presentName = ({ renames = {} }: Pick<SourceEntry, 'renames'>, name: string): string =>
  Object.entries(renames).find(([, other]) => other === name)?.[0] ?? name;

export const ExpectationEntry = z.strictObject({
  parameters: z.record(
    Name,
    z.union([
      z.strictObject({ near: writtenQuantity(), within: writtenQuantity() }),
      z.strictObject({ weights: z.record(z.string(), z.number().min(0)) }),
    ]),
  ),
  /** It counts as much as so many observations, and less than all that come after. */
  strength: z.number().positive().optional(),
});
export type ExpectationEntry = z.infer<typeof ExpectationEntry>;

/** One experiment of a source, in its own names; numbers in this campaign's units where it has the parameter. */
export type SourceRow =
  | {
      readonly point: Readonly<Record<string, number | string>>;
      readonly values: Readonly<Record<string, number>>;
    }
  | { readonly point: Readonly<Record<string, number | string>>; readonly failed: true }
  | StagedSourceRow;

/** The same with what every stage observed; an experiment that was given up between stages has no values. */
export interface StagedSourceRow {
  readonly point: Readonly<Record<string, number | string>>;
  readonly values?: Readonly<Record<string, number>>;
  /** By stage, SI. */
  readonly observations: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** What was read from the sources when the campaign was opened, by name: its ledger needs no other file to go on. */
export type SourceData = Readonly<Record<string, readonly SourceRow[]>>;
