import { dirname, isAbsolute, join } from 'node:path';
import type * as z from 'zod';
import { failure } from '../base/failure.ts';
import { Campaign, type Definition } from './campaign.ts';
import { readDocument, type Checked, type Locate } from './document.ts';
import { Lab } from './lab.ts';
import { Protocol } from './protocol.ts';
import { currencyOf } from './quantity.ts';

export interface Loaded {
  readonly definition: Definition;
  readonly locate: { readonly campaign: Locate; readonly protocol: Locate; readonly lab: Locate };
}

/** Gives the text of a file, or throws when it cannot be read. */
export type ReadText = (path: string) => string;

/** Reads a campaign and the lab and protocol that it names. */
export function loadDefinition(
  campaignFile: string,
  read: ReadText,
  overrides: { lab?: string } = {},
): Checked<Loaded> {
  const campaign = loadFile(campaignFile, read, Campaign);
  if (!campaign.ok) return campaign;
  const beside = (name: string) => (isAbsolute(name) ? name : join(dirname(campaignFile), name));
  const labFile = overrides.lab ?? beside(campaign.value.lab);
  const lab = loadLab(labFile, read);
  const protocol = loadFile(beside(campaign.value.protocol), read, Protocol);
  const failures = [lab, protocol].flatMap((part) => (part.ok ? [] : part.failures));
  if (!lab.ok || !protocol.ok) return { ok: false, failures };
  const definition = { campaign: campaign.value, protocol: protocol.value, lab: lab.value };
  return {
    ok: true,
    value: { definition, locate: { campaign: campaign.locate, protocol: protocol.locate, lab: lab.locate } },
  };
}

/** Reads a lab; file names in device options (`csv`) become relative to the lab's own file. */
export function loadLab(labFile: string, read: ReadText): Checked<Lab> & { readonly locate: Locate } {
  const lab = loadFile(labFile, read, Lab);
  if (!lab.ok) return lab;
  const text = read(labFile);
  const foreign = text.split('\n').findIndex((line) => {
    const currency = currencyOf(line.replace(/#.*/, ''));
    return currency !== undefined && currency !== lab.value.currency;
  });
  if (foreign >= 0)
    return {
      ok: false,
      locate: lab.locate,
      failures: [
        failure('unit.invalid', `An amount is not in the currency of the lab, ${lab.value.currency}.`, {
          where: `${labFile}:${foreign + 1}`,
          mend: `Convert it, or set "currency" to the one that all amounts use.`,
        }),
      ],
    };
  const devices = Object.fromEntries(
    Object.entries(lab.value.devices).map(([id, device]) => {
      const { csv } = device.options;
      const options =
        typeof csv === 'string' && !isAbsolute(csv)
          ? { ...device.options, csv: join(dirname(labFile), csv) }
          : device.options;
      return [id, { ...device, options }];
    }),
  ) as Lab['devices'];
  return { ok: true, locate: lab.locate, value: { ...lab.value, devices } };
}

/** Reads one file against its schema. */
export function loadFile<T extends z.ZodType>(
  file: string,
  read: ReadText,
  schema: T,
): Checked<z.output<T>> & { readonly locate: Locate } {
  let text: string;
  try {
    text = read(file);
  } catch (error) {
    const mend = 'Check the path; paths inside campaign.yaml are relative to it.';
    const failures = [failure('input.unreadable', unreadable(error as NodeJS.ErrnoException), { where: file, mend })];
    return { ok: false, failures, locate: () => file };
  }
  return readDocument(text, file, schema);
}

function unreadable({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT') return 'There is no such file.';
  return code === 'EISDIR' ? 'This is a folder, not a file.' : `The file cannot be read: ${message}.`;
}
