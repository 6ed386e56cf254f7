import { Option } from 'commander';

/** What several commands take. */
export const json = new Option('--json', 'for machines: JSON instead of text');
