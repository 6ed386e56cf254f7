import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { describeFailure } from '../../src/base/failure.ts';
import { describeLab } from '../../src/cli/labs.ts';
import { loadDefinition } from '../../src/domain/load.ts';
import { checkAlone } from '../../src/engine/alone.ts';
import { protocols } from './whole-lab.ts';

/** What is said of an example whose files have been changed: file name to exchanges in it. */
function said(
  name: string,
  exchanges: Readonly<Record<string, readonly (readonly [string, string])[]>> = {},
): string[] {
  const loaded = loadDefinition(join(protocols, name, 'campaign.yaml'), (path) => {
    const [, file = ''] = /([^/]*)$/.exec(path)!;
    return (exchanges[file] ?? []).reduce(
      (text, [from, to]) => {
        expect(text).toContain(from);
        return text.replace(from, to);
      },
      readFileSync(path, 'utf8'),
    );
  });
  if (!loaded.ok) throw new Error(loaded.failures.map(describeFailure).join('\n'));
  const { failures, warnings } = checkAlone(loaded.value, describeLab(loaded.value.definition.lab));
  return [...failures.map((each) => `No: ${describeFailure(each)}`), ...warnings.map(describeFailure)];
}

const wait = (max: string): readonly [string, string] => ['wait: { min: 5 s, max: 30 min }', `wait: { max: ${max} }`];

describe('one sample in an empty lab', () => {
  test.each(['colour-match', 'crossed-barrel', 'film-anneal', 'snar-flow'])('keeps the waits of %s', (name) => {
    expect(said(name)).toEqual([]);
  });

  test('may need longer for a way than is typical, and the limit has to allow for that', () => {
    expect(said('colour-match', { 'protocol.yaml': [wait('18 s')] })).toEqual([]);
    const [told, ...more] = said('colour-match', { 'protocol.yaml': [wait('17 s')] });
    expect(more).toEqual([]);
    expect(told).toMatch(
      /protocol\.yaml:\d+: "read" must begin within 17 s of the end of "pour", which cannot be promised: one sample alone in the lab needs up to 18 s, if ways take long\. Allow 18 s, /,
    );
  });

  test('goes to the nearest device', () => {
    const twin: readonly [string, string] = ['  arm:\n', '  corner: { kind: plate-reader }\n  arm:\n'];
    const near: readonly [string, string] = [
      '    - { from: handler, to: reader, takes: 12 s }',
      '    - { from: handler, to: reader, takes: 12 s }\n    - { from: handler, to: corner, takes: 60 s }',
    ];
    expect(said('colour-match', { 'protocol.yaml': [wait('18 s')], 'lab.yaml': [twin, near] })).toEqual([]);
  });

  test('cannot keep two limits one after the other of which each could be kept alone, and nothing is run then', () => {
    const lab: readonly (readonly [string, string])[] = [
      [
        '  arm:\n',
        '  corner: { kind: plate-reader, options: { channels: { red: 630 nm } } }\n  scale: { kind: printer }\n  arm:\n',
      ],
      ['travel: 15 s', 'travel: 60 s'],
      [
        '    - { from: handler, to: reader, takes: 12 s }',
        '    - { from: handler, to: reader, takes: 10 s }\n    - { from: corner, to: scale, takes: 10 s }',
      ],
    ];
    const again =
      'wait: { max: 20 s }\n      - { id: last, capability: print, wait: { max: 20 s }, parameters: { design: { struts: 6 }, filament: { red: 1 uL } } }';
    const told = said('colour-match', {
      'protocol.yaml': [['wait: { min: 5 s, max: 30 min }', again]],
      'lab.yaml': lab,
    });
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(
      /^No: .*protocol\.yaml:\d+: "read" must begin within 20 s of the end of "pour", which cannot be planned even for one/,
    );
  });

  test('has no hours', () => {
    const closed: readonly [string, string] = [
      '    kind: plate-reader\n',
      "    kind: plate-reader\n    hours: [{ days: [mon], from: '08:00', to: '09:00' }]\n",
    ];
    expect(said('colour-match', { 'protocol.yaml': [wait('18 s')], 'lab.yaml': [closed] })).toEqual([]);
  });
});
