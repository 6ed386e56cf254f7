import { readFileSync } from 'node:fs';
import type { Failure } from '../base/failure.ts';
import { checkDefinition } from '../domain/check.ts';
import { located } from '../domain/document.ts';
import { loadDefinition, type Loaded } from '../domain/load.ts';
import { checkAlone } from '../engine/alone.ts';
import { Failures } from './act.ts';
import { describeLab } from './labs.ts';
import { withSources } from './sources.ts';

export const readText = (path: string): string => readFileSync(path, 'utf8');

/** The three files, checked against each other and against the catalogue of devices. */
export function load(
  file: string,
  lab?: string,
  sources: readonly string[] = [],
): { loaded: Loaded; warnings: readonly Failure[] } {
  const read = loadDefinition(file, readText, lab === undefined ? {} : { lab });
  if (!read.ok) throw new Failures(read.failures);
  const described = located(read.value.locate.lab, () => describeLab(read.value.definition.lab));
  const { failures, warnings } = checkDefinition(read.value, described);
  if (failures.length > 0) throw new Failures(failures);
  const alone = checkAlone(read.value, described);
  if (alone.failures.length > 0) throw new Failures(alone.failures);
  const loaded = { ...read.value, definition: withSources(read.value.definition, file, sources) };
  return { loaded, warnings: [...warnings, ...alone.warnings] };
}
