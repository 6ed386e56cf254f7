import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { check as found } from './checked.ts';

/** What is found in an example after its lab file has been changed. */
const check = (name: string, lab: (lab: string) => string): string[] => found(name, { lab });

const reader = (hours: string) => (lab: string) => lab.replace(/^( {2}reader:\n {4}kind: .*)$/m, `$1\n    ${hours}`);
const people = (text: string) => (lab: string) => `${lab}people:\n  ${text}\n`;
const both = (one: (lab: string) => string, other: (lab: string) => string) => (lab: string) => other(one(lab));

const furnace =
  (value: string, key = 'hours') =>
  (lab: string) =>
    lab.replace(/^( {2}furnace:\n {4}kind: .*)$/m, `$1\n    ${key}: ${value}`);

describe('hours in a lab file', () => {
  test('that leave time have nothing against them', () =>
    expect(check('colour-match', both(reader('attended: reading'), people('ada: { skills: [reading] }')))).toEqual([]));

  test.each([
    [
      'a skill that is misspelt',
      both(reader('attended: readin'), people('ada: { skills: [reading] }')),
      /^lab\.yaml:\d+: "reader" needs somebody with the skill "readin", which nobody in "people" has\. Did you mean "reading"\?$/,
    ],
    [
      'a skill without people',
      reader('attended: reading'),
      /^lab\.yaml:\d+: "reader" needs .* has\. Add "people" with skills and hours\.$/,
    ],
    [
      'hours that never meet',
      both(
        reader('attended: reading\n    hours: [{ days: [mon], from: "08:00", to: "12:00" }]'),
        people('ada: { skills: [reading], hours: [{ days: [tue], from: "08:00", to: "12:00" }] }'),
      ),
      /^lab\.yaml:\d+: "reader" never opens: its hours and those of the people with the skill "reading" have no time in common\. Widen/,
    ],
    [
      'a maintenance that ends before it begins',
      reader('maintenance: [{ from: 2026-11-23T12:00Z, to: 2026-11-23T08:00Z }]'),
      /^lab\.yaml:\d+: The maintenance of "reader" from 2026-11-23T12:00Z to 2026-11-23T08:00Z does not end after it begins\. Exchange/,
    ],
    [
      'a time of day',
      reader('hours: [{ from: "8", to: "09:00" }]'),
      /^lab\.yaml:\d+: "devices\.reader\.hours\.0\.from" is not a time of day such as "08:00"\.$/,
    ],
    [
      'a time zone',
      (lab: string) => `${lab}timezone: Europe/Berlun\n`,
      /^lab\.yaml:\d+: "timezone" is not an IANA time zone such as "Europe\/Berlin"\.$/,
    ],
  ])('%s is named with file and line, and with the mend', (_, change, sentence) => {
    const found = check('colour-match', change);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(sentence);
  });

  const tariff = (hours: string) => (lab: string) => lab.replace(/^tariff:\n/m, `tariff:\n  hours: [${hours}]\n`);
  const avoiding = (limit: string) => furnace(limit, 'avoid');
  const peak = tariff('{ from: "17:00", to: "20:00", price: 0.52 EUR/kWh }');

  test.each([
    [
      'a limit that no hour exceeds',
      both(avoiding('{ price_above: 0.60 EUR/kWh }'), peak),
      /^lab\.yaml:\d+: "furnace" avoids hours in which energy costs more than 0\.6 EUR\/kWh, but the tariff has none\. Give the tariff "hours"/,
    ],
    [
      'a limit without hours in the tariff',
      avoiding('{ carbon_above: 450 g/kWh }'),
      /"furnace" avoids hours in which energy emits more than 450 g\/kWh, but the tariff has none/,
    ],
    [
      'a limit below all hours',
      both(avoiding('{ price_above: 0.10 EUR/kWh }'), peak),
      /"furnace" never opens: energy costs more than 0\.1 EUR\/kWh at all hours\./,
    ],
    [
      'dear energy in all hours of a device',
      both(both(avoiding('{ price_above: 0.40 EUR/kWh }'), peak), furnace('[{ from: "18:00", to: "19:00" }]')),
      /^lab\.yaml:\d+: "furnace" never opens: energy costs more than 0\.4 EUR\/kWh in all of its hours\. Widen/,
    ],
    ['limits that are none', both(avoiding('{}'), peak), /needs "price_above" or "carbon_above"\.$/],
  ])('%s is named', (_, change, sentence) => {
    const found = check('film-anneal', change);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(sentence);
  });

  test('a furnace that avoids dear hours has nothing against it', () =>
    expect(check('film-anneal', both(avoiding('{ price_above: 0.40 EUR/kWh }'), peak))).toEqual([]));

  test('the line is that of the device', () => {
    const change = reader('maintenance:\n      - { from: 2026-11-23T12:00Z, to: 2026-11-23T08:00Z }');
    const lab = change(readFileSync(join(import.meta.dirname, '../../protocols/colour-match/lab.yaml'), 'utf8'));
    const line = 1 + lab.split('\n').findIndex((text) => text.includes('2026-11-23T12:00Z'));
    expect(check('colour-match', change)[0]).toMatch(new RegExp(`^lab\\.yaml:${line}: `));
  });

  test('that outlast a shelf life are warned of', () =>
    expect(check('film-anneal', furnace('[{ days: [mon, tue, wed, thu, fri], from: "07:00", to: "22:00" }]'))).toEqual([
      expect.stringMatching(
        /^protocol\.yaml:\d+: "coat" holds its samples for 1 d at most, but "furnace", which "heat" needs then, is closed for up to 2 d 9 h\. Hold them for 2 d 9 h and some more, or open "furnace" in between\.$/,
      ),
    ]));

  test('that are too short for the longest run of a step are refused', () =>
    expect(check('film-anneal', furnace('[{ from: "07:00", to: "08:00" }, { from: "10:00", to: "12:00" }]'))).toEqual([
      expect.stringMatching(
        /^protocol\.yaml:\d+: "heat" takes up to \d+ h.*, but "furnace" is never open for longer than 2 h\. Open it for \d+ h.* without a break, or make the step shorter\.$/,
      ),
    ]));
});
