import * as z from 'zod';

/** Ids travel in topics, keys and file names: `[a-z0-9_-]{1,64}`. */
const pattern = /^[a-z0-9_-]{1,64}$/;
const id = (noun: string) =>
  z.string().regex(pattern, `is not a valid ${noun} id: use 1 to 64 of a-z, 0-9, "-" and "_".`);

export const SiteId = id('site').brand('SiteId');
export const DeviceId = id('device').brand('DeviceId');
export const CampaignId = id('campaign').brand('CampaignId');
export const ExperimentId = id('experiment').brand('ExperimentId');
export const CommandKey = id('command').brand('CommandKey');
export const MaterialId = id('material').brand('MaterialId');
export const LotId = id('lot').brand('LotId');
export const ControllerId = id('controller').brand('ControllerId');
export const PersonId = id('person');

export type SiteId = z.infer<typeof SiteId>;
export type DeviceId = z.infer<typeof DeviceId>;
export type CampaignId = z.infer<typeof CampaignId>;
export type ExperimentId = z.infer<typeof ExperimentId>;
export type CommandKey = z.infer<typeof CommandKey>;
export type MaterialId = z.infer<typeof MaterialId>;
export type LotId = z.infer<typeof LotId>;
export type ControllerId = z.infer<typeof ControllerId>;

/** Names inside expressions: letters, digits and "_", not beginning with a digit. */
export const Name = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/, 'is not a valid name: use letters, digits and "_", beginning with a letter.');
