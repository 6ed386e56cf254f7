import { describe, expect, test } from 'vitest';
import { check as found } from './checked.ts';

type Change = (text: string) => string;

/** What is found in the film example after its lab and its protocol have been changed. */
const check = (lab: Change, protocol?: Change): string[] =>
  found('film-anneal', { lab, ...(protocol === undefined ? {} : { protocol }) });

const device =
  (id: string, text: string): Change =>
  (lab) =>
    lab.replace(new RegExp(`^( {2}${id}:\\n {4}kind: .*)$`, 'm'), `$1\n    ${text}`);

describe('set-up in a lab file', () => {
  test('of a furnace has nothing against it, also where recipes are numbers', () => {
    expect(check(device('furnace', 'setup: 20 min'))).toEqual([]);
    const between = 'setup: 20 min\n    setup_between: [{ from: 673.15, to: 713.15, takes: 5 min }]';
    expect(check(device('furnace', between))).toEqual([]);
  });

  test.each([
    [
      'a device that works on several samples, each on its own',
      device('coater', 'setup: 20 min\n    places: 3\n    concurrency: 2'),
      /^lab\.yaml:\d+: "coater" works on 2 samples at once, each on its own, so that it cannot be set up between two of them\. Set its/,
    ],
    [
      'an arm',
      device('arm', 'setup: 1 min'),
      /^lab\.yaml:\d+: "arm" moves samples, and is not set up between recipes\./,
    ],
    [
      'times between some recipes alone',
      device('furnace', 'setup_between: [{ from: a, to: b, takes: 1 min }]'),
      /"furnace" has times between some recipes, but none between all others\. Add "setup"/,
    ],
    [
      'a change of nothing',
      device('furnace', 'setup: 20 min\n    setup_between: [{ from: a, to: a, takes: 1 min }]'),
      /^lab\.yaml:\d+: "furnace" is set up from "a" to itself, which takes no time\./,
    ],
    [
      'a change that takes longer than one over a third recipe',
      device('furnace', 'setup: 20 min\n    setup_between: [{ from: a, to: b, takes: 1 h }]'),
      /^lab\.yaml:\d+: "furnace": a change from "a" to "b" takes 1 h, but only 40 min over "any recipe"\. Let it take 40 min at most/,
    ],
    ['a time that is none', device('furnace', 'setup: 0 min'), /^lab\.yaml:\d+:.*setup/],
    [
      'recipes that nobody uses',
      device('coater', 'setup: 20 min'),
      /^lab\.yaml:\d+: "coater" is set up between recipes, but no step that it can do has one\. Give "spin" a "recipe"/,
    ],
  ])('is found wrong: %s', (_, change, found) => expect(check(change).join('\n')).toMatch(found));

  test('does not fit into a maximum wait between two steps on the one device', () => {
    const twice =
      (recipe: string): Change =>
      (protocol) =>
        protocol.replace(
          '      - id: touch\n',
          `      - id: again\n        capability: anneal\n        parameters: { temperature: =temperature, hold: =soak }\n        recipe: ${recipe}\n        wait: { max: 5 min }\n      - id: touch\n`,
        );
    const other = check(device('furnace', 'setup: 20 min'), twice('=temperature'));
    expect(other.join('\n')).toMatch(
      /protocol\.yaml:\d+: "again" must begin within 300 s of "heat", but "furnace" is set up between them, which takes 1200 s\./,
    );
    expect(check(device('furnace', 'setup: 20 min'), twice('=temperature * 1e8 + soak')).join()).not.toMatch(/set up/);
  });
});
