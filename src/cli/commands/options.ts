import { Option } from 'commander';

/** What several commands take. */
export const json = new Option('--json', 'for machines: JSON instead of text');

const collect = (path: string, paths: readonly string[] = []): readonly string[] => [...paths, path];

export const source = new Option(
  '--source <path>',
  'run folder, ledger or CSV table of an earlier campaign to start from; may be given several times',
).argParser(collect);
