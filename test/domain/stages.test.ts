import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeLab } from '../../devices/catalogue.ts';
import { describeFailure } from '../../src/base/failure.ts';
import { checkDefinition } from '../../src/domain/check.ts';
import { loadDefinition } from '../../src/domain/load.ts';
import { legsOf, waitBefore } from '../../src/domain/stages.ts';

const folder = join(import.meta.dirname, '../../protocols/colour-match');

const tint = `
    hold: { in: shelf, for: 8 h }
  - id: tint
    steps:
      - { id: add, capability: dispense, wait: { max: 9 h }, parameters: { volumes: { blue: =blue } } }
      - { id: again, capability: read_absorbance }
    observes: { distance: =again.blue }
`;

/** The colour protocol in two stages, changed here and there. */
function load(changes: readonly (readonly [file: string, from: string, to: string])[] = []) {
  return loadDefinition(join(folder, 'campaign.yaml'), (path) => {
    let text = readFileSync(path, 'utf8');
    if (path.endsWith('protocol.yaml'))
      text = text
        .replace('            blue: =blue\n', '')
        .replace('- red - yellow - blue)', '- red - yellow)')
        .replace(/      distance: =sqrt.*\n/, `      warm: =read.green\n${tint.slice(1)}`);
    if (path.endsWith('lab.yaml'))
      text = text.replace('rack: { places: 48 }', 'rack: { places: 48 }\n  shelf: { places: 6 }');
    for (const [file, from, to] of changes) {
      if (!path.endsWith(`${file}.yaml`)) continue;
      expect(text).toContain(from);
      text = text.replace(from, to);
    }
    return text;
  });
}

function check(changes?: Parameters<typeof load>[0]): string {
  const loaded = load(changes);
  if (!loaded.ok) return loaded.failures.map(describeFailure).join('\n');
  const { failures, warnings } = checkDefinition(loaded.value, describeLab(loaded.value.definition.lab));
  return [...failures, ...warnings].map(describeFailure).join('\n');
}

test('two stages with a hold between them have nothing against them', () => expect(check()).toBe(''));

test.each([
  [
    'an unknown rack',
    ['protocol', 'in: shelf', 'in: shelv'],
    /protocol\.yaml:\d+: "mix" holds its samples in "shelv", which is no rack of the lab\. Did you mean "shelf"\?/,
  ],
  [
    'a hold after the end',
    ['protocol', 'observes: { distance: =again.blue }', 'observes: { distance: =again.blue }\n    hold: {}'],
    /protocol\.yaml:\d+: Nothing comes after "tint"/,
  ],
  [
    'an objective before the hold',
    ['campaign', '- name: distance', '- name: warm'],
    /campaign\.yaml:\d+: The objective "warm" is observed before samples are held/,
  ],
  [
    'a name that is used twice',
    ['protocol', 'observes: { distance: =again.blue }', 'observes: { distance: =again.blue, red: =1 }'],
    /protocol\.yaml:\d+: "red" names more than one/,
  ],
  [
    'a constraint over a hold',
    ['campaign', 'objectives:', 'constraints: [{ sum: [red, blue], at_most: 90 uL }]\nobjectives:'],
    /campaign\.yaml:\d+: The constraint joins "red", chosen for "mix", and "blue", chosen for "tint"/,
  ],
  [
    'a stop rule',
    ['campaign', 'seed: 1', 'stop: { gain_below: 0.1 }\nseed: 1'],
    /campaign\.yaml:\d+: A stop rule is not known yet where stages are decided/,
  ],
  [
    'a decision that comes after the shelf life',
    ['campaign', 'seed: 1', 'stages: { gather: 8 h }\nseed: 1'],
    /campaign\.yaml:\d+: A decision waits 28800 s for other samples, but what comes from "mix" keeps for 28800 s/,
  ],
  [
    'a small shelf',
    ['lab', 'shelf: { places: 6 }', 'shelf: { places: 3 }'],
    /lab\.yaml:\d+: "shelf" holds 3 samples after "mix", but the campaign has 4 under way/,
  ],
] as const)('%s is named', (_, change, sentence) => {
  expect(check([change])).toMatch(sentence);
});

test.each([
  ['campaign', '- name: distance', '- name: warm'],
  ['campaign', 'objectives:', 'constraints: [{ sum: [red, blue], at_most: 90 uL }]\nobjectives:'],
  ['lab', 'shelf: { places: 6 }', 'shelf: { places: 3 }'],
] as const)('in %s, %s is right where all is decided at the start', (...change) => {
  expect(check([change, ['campaign', 'seed: 1', 'stages: { decide: at_start }\nseed: 1']])).toBe('');
});

test('what is decided at the start is one leg, and the shelf life bounds the wait all the same', () => {
  const loaded = load([['campaign', 'seed: 1', 'stages: { decide: at_start }\nseed: 1']]);
  if (!loaded.ok) expect.fail();
  const { definition } = loaded.value;
  expect(legsOf(definition).map(({ id, parameters }) => [id, parameters])).toEqual([
    ['tint', ['red', 'yellow', 'blue']],
  ]);
  expect(waitBefore(definition.protocol, 1, 0)).toEqual({ min: 0, max: 8 * 3600 });
  expect(waitBefore(definition.protocol, 0, 1)).toEqual({ min: 5, max: 1800 });
});
