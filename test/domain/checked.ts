import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeLab } from '../../devices/catalogue.ts';
import { describeFailure, type Failure } from '../../src/base/failure.ts';
import { checkDefinition } from '../../src/domain/check.ts';
import { loadDefinition } from '../../src/domain/load.ts';

type Change = (text: string) => string;

const shown = (one: Failure): string => describeFailure(one).replace(/^\S*\//, '');

/** What is found in an example after some of its files have been changed: failures, then warnings, without their folder. */
export function check(
  name: string,
  { lab, protocol, campaign }: { readonly lab?: Change; readonly protocol?: Change; readonly campaign?: Change },
): string[] {
  const changes: Readonly<Record<string, Change | undefined>> = { lab, protocol, campaign };
  const read = (path: string): string => {
    const change = changes[/(\w+)\.yaml$/.exec(path)?.[1] ?? ''];
    const text = readFileSync(path, 'utf8');
    return change === undefined ? text : change(text);
  };
  const loaded = loadDefinition(join(import.meta.dirname, '../../protocols', name, 'campaign.yaml'), read);
  if (!loaded.ok) return loaded.failures.map(shown);
  const { failures, warnings } = checkDefinition(loaded.value, describeLab(loaded.value.definition.lab));
  return [...failures, ...warnings].map(shown);
}
