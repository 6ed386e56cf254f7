import * as z from 'zod';

/** What a device that is set up between recipes was last used for. */
export const Use = z.object({
  recipe: z.string().optional(),
  /** Lab ms. */
  end: z.number(),
  /** Nobody knows whether it has happened. */
  doubtful: z.boolean().optional(),
});
export type Use = z.infer<typeof Use>;
