import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { describeLab } from '../../devices/catalogue.ts';
import { describeFailure } from '../../src/base/failure.ts';
import { Campaign } from '../../src/domain/campaign.ts';
import { CampaignChange } from '../../src/domain/change.ts';
import { checkDefinition } from '../../src/domain/check.ts';
import { readDocument } from '../../src/domain/document.ts';
import { evaluate } from '../../src/domain/expression.ts';
import { Lab } from '../../src/domain/lab.ts';
import { loadDefinition } from '../../src/domain/load.ts';
import { nearest } from '../../src/domain/nearest.ts';
import { Protocol } from '../../src/domain/protocol.ts';
import { compatible, fromSi, readQuantity, toSi } from '../../src/domain/quantity.ts';

describe('quantities', () => {
  test.each([
    ['25 mL', 'm3', 25e-6],
    ['80 degC', 'K', 353.15],
    ['-20 °C', 'K', 253.15],
    ['1.5 kWh', 'J', 5.4e6],
    ['90 min', 's', 5400],
    ['0.5 mol/L', 'mol/m3', 500],
    ['0.30 EUR/kWh', 'money/J', 0.3 / 3.6e6],
    ['350 g/kWh', 'kg/J', 0.35 / 3.6e6],
    ['12 EUR', 'money', 12],
    ['7 kg/m3/h', 'kg/m3/h', 7 / 3600],
    [3, '1', 3],
  ] as const)('%s is kept in %s as %d', (text, unit, si) => {
    const read = readQuantity(text, unit);
    expect(read.ok && read.value.si).toBeCloseTo(si, 12);
  });

  test.each([
    ['25 mL', 's', /measured in mL, but a time is needed here/],
    ['25', 'm3', /has no unit, but a volume is needed here/],
    ['25 parsec5', undefined, /unknown unit "parsec5"/],
    ['a lot', 'm3', /is not a quantity/],
    ['1e', '1', /unknown unit/],
  ] as const)('%s is refused where %s is needed', (text, unit, sentence) => {
    const read = readQuantity(text, unit);
    expect(read.ok ? '' : describeFailure(read.failure)).toMatch(sentence);
  });

  test('converting to SI and back changes nothing', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1e6, max: 1e6, noNaN: true }),
        fc.constantFrom('uL', 'degC', 'kWh', 'min', 'nm'),
        (x, unit) => {
          expect(fromSi(toSi(x, unit), unit)).toBeCloseTo(x, 6);
        },
      ),
    );
    expect(compatible('uL', 'm3')).toBe(true);
    expect(compatible('uL', 's')).toBe(false);
  });
});

describe('expressions', () => {
  const scope = { a: 2, b: 3, read: { red: 0.5 }, name: 'DMF', volumes: { x: 1, y: 2 } };
  test.each([
    ['=a + b * 2', 8],
    ['=sqrt((read.red - 0.25)^2)', 0.25],
    ['=a > 1 ? 10 : 20', 10],
    ['=total(volumes)', 3],
    ['=name', 'DMF'],
    ['=max(0, a - b)', 0],
  ] as const)('%s', (text, value) => {
    expect(evaluate(text, scope)).toEqual({ ok: true, value });
  });

  test.each([
    '=c',
    '=1/0',
    '=import({})',
    '=evaluate("1")',
    '=parse("1")',
    '=a +',
    '=read.blue + 1',
    '=createUnit("x")',
  ])('%s fails with a sentence', (text) => {
    const result = evaluate(text, scope);
    expect(result.ok ? '' : result.failure.message).toMatch(/^The expression "/);
  });

  test.each(['=cos.constructor("return process")()', '=f(x) = x', '="".constructor', '=a.constructor'])(
    '%s reaches nothing outside',
    (text) => expect(evaluate(text, scope).ok).toBe(false),
  );
});

const read = (text: string, schema: z.ZodType = Campaign) => {
  const document = readDocument(text, 'campaign.yaml', schema);
  return document.ok ? [] : document.failures.map(describeFailure);
};

const campaign = `campaign: c
space:
  x: { min: 0 uL, max: 10 uL }
objectives:
  - { name: y, goal: minimize }
budget: { experiments: 3 }
`;

describe('documents', () => {
  test('a right one has nothing to say', () => expect(read(campaign)).toEqual([]));
  test.each([
    [
      'a misspelt key',
      campaign.replace('budget', 'budgte'),
      'campaign.yaml:6: "budgte" is not known here. Did you mean "budget"?',
    ],
    [
      'a unit that is unknown',
      campaign.replace('10 uL', '10 ul7'),
      'campaign.yaml:3: "space.x.max" cannot be used: "10 ul7" has an unknown unit "ul7".',
    ],
    [
      'a broken line',
      campaign.replace('{ experiments: 3 }', '{ experiments: 3'),
      /^campaign\.yaml:\d+: The YAML cannot be read: /,
    ],
    ['a missing part', campaign.replace(/objectives:\n.*\n/, ''), 'campaign.yaml:1: "objectives" is missing.'],
    [
      'an id that cannot travel',
      campaign.replace('campaign: c', 'campaign: C D'),
      /^campaign\.yaml:1: "campaign" is not a valid campaign id/,
    ],
    [
      'a key that is there twice',
      `${campaign}budget: { experiments: 4 }\n`,
      /^campaign\.yaml:7: The YAML cannot be read: /,
    ],
  ])('%s is named with file and line', (_, text, sentence) => {
    const found = read(text);
    expect(found.length).toBeGreaterThan(0);
    if (typeof sentence === 'string') expect(found.join('\n')).toContain(sentence);
    else expect(found[0]).toMatch(sentence);
  });

  test('the nearest name is proposed, or those that are known', () => {
    expect(nearest('dispence', ['move', 'dispense'])).toBe('Did you mean "dispense"?');
    expect(nearest('centrifuge', ['move', 'dispense'])).toBe('Known here: move, dispense.');
  });
});

describe('the three files against each other', () => {
  const folder = join(import.meta.dirname, '../../protocols/colour-match');
  const check = (change: (path: string, text: string) => string) => {
    const loaded = loadDefinition(join(folder, 'campaign.yaml'), (path) => change(path, readFileSync(path, 'utf8')));
    if (!loaded.ok) return loaded.failures.map(describeFailure);
    const { failures, warnings } = checkDefinition(loaded.value, describeLab(loaded.value.definition.lab));
    return [...failures, ...warnings].map(describeFailure);
  };
  const inFile = (file: string, from: string | RegExp, to: string) => (path: string, text: string) =>
    path.endsWith(file) ? text.replace(from, to) : text;

  test('the example has nothing to say', () => expect(check((_, text) => text)).toEqual([]));
  test.each([
    [
      'a capability that no device has',
      inFile('protocol.yaml', 'capability: dispense', 'capability: dispens'),
      /protocol\.yaml:\d+: No device can do step "pour": none has the capability "dispens"\. Did you mean "dispense"\?/,
    ],
    [
      'a parameter that the protocol lacks',
      inFile('campaign.yaml', 'red: {', 'rad: {'),
      /campaign\.yaml:\d+: The protocol has no parameter "rad"\. Did you mean "red"\?/,
    ],
    [
      'a parameter of another dimension',
      inFile('campaign.yaml', /red: .*\}/, 'red: { min: 0 s, max: 10 s }'),
      /campaign\.yaml:\d+: "red" is varied in "s", but the protocol measures it in "uL"/,
    ],
    [
      'bounds beyond the device',
      inFile('campaign.yaml', 'max: 100 uL', 'max: 100 mL'),
      /protocol\.yaml:\d+: Step "pour" \(dispense\) has a parameter that its device does not take: volumes\.red: Too big/,
    ],
    [
      'an objective that nobody observes',
      inFile('campaign.yaml', 'name: distance', 'name: distanse'),
      /No stage observes the objective "distanse"\. Did you mean "distance"\?/,
    ],
    [
      'a stock that is too small for one',
      inFile('lab.yaml', /amount: 8 mL/, 'amount: 1 nL'),
      /lab\.yaml:\d+: .* of water, but .* is in stock/,
    ],
    [
      'a stock that will not last',
      inFile('lab.yaml', /amount: 2\.6 mL/, 'amount: 0.5 mL'),
      /24 experiments need about .* of yellow, but 0\.5 mL is in stock/,
    ],
    [
      'another currency',
      inFile('lab.yaml', '1.60 EUR', '1.60 USD'),
      /lab\.yaml:\d+: An amount is not in the currency of the lab, EUR/,
    ],
    [
      'an arm that is none',
      inFile('lab.yaml', 'by: [arm]', 'by: [reader]'),
      /"reader" is to move samples, but no such device has the capability "move"/,
    ],
    [
      'a level that is there twice',
      inFile('campaign.yaml', /blue: \{.*\}/, 'blue: { type: ordinal, levels: [1 uL, 2 uL, 0.001 mL] }'),
      /campaign\.yaml:\d+: "blue" has the level "0\.001 mL" twice/,
    ],
    [
      'a budget of what is not there',
      inFile('campaign.yaml', 'money: 20 EUR', 'materials: { rad: 1 mL }'),
      /campaign\.yaml:\d+: The budget limits "rad", which is not in the lab's materials\. Did you mean "red"\?/,
    ],
    [
      'a budget that is measured otherwise',
      inFile('campaign.yaml', 'money: 20 EUR', 'materials: { red: 1 g }'),
      /campaign\.yaml:\d+: The budget limits red in "g", but the lab measures it by volume/,
    ],
    [
      'a weight beside no other',
      inFile('campaign.yaml', 'goal: minimize', 'goal: minimize\n    weight: 2'),
      /campaign\.yaml:\d+: The weight of "distance" has no effect: it is the only objective/,
    ],
    [
      'a wait that no way is short enough for',
      inFile('protocol.yaml', 'max: 30 min', 'max: 8 s'),
      /protocol\.yaml:\d+: "read" must begin within 8 s of "pour", but the fastest way, from handler to reader, takes 12 s/,
    ],
    [
      'a wait that ends before it has begun',
      inFile('protocol.yaml', 'max: 30 min', 'max: 1 s'),
      /protocol\.yaml:\d+: "read" must wait 5 s at least and 1 s at most/,
    ],
    [
      'a protocol that waits for itself',
      inFile('protocol.yaml', 'red: =red', 'red: =pour.volume'),
      /protocol\.yaml:\d+: "pour" reads "pour", which is not measured before that: it would wait for ever/,
    ],
    [
      'a step that reads what comes after it',
      inFile('protocol.yaml', 'red: =red', 'red: =read.red'),
      /protocol\.yaml:\d+: "pour" reads "read", which is not measured before that/,
    ],
    [
      'an expression of nothing that is known',
      inFile('protocol.yaml', 'red: =red', 'red: =rad'),
      /protocol\.yaml:\d+: "pour" reads "rad", which is no parameter, .* Did you mean "red"\?/,
    ],
    [
      'an observation of nothing that is known',
      inFile('protocol.yaml', '(read.red', '(reed.red'),
      /protocol\.yaml:\d+: "distance" reads "reed", which is no parameter, .* Did you mean "read"\?/,
    ],
    [
      'a way to nowhere',
      inFile('lab.yaml', 'from: handler, to: reader', 'from: handler, to: raeder'),
      /lab\.yaml:\d+: A way leads to "raeder", which the lab does not have\. Did you mean "reader"\?/,
    ],
    [
      'an arm that is named twice',
      inFile('lab.yaml', 'by: [arm]', 'by: [arm, arm]'),
      /lab\.yaml:\d+: "arm" is to move samples twice over/,
    ],
    [
      'a step to go on with that there is not',
      inFile('protocol.yaml', 'max: 30 min }', 'max: 30 min }\n        late: discrad'),
      /protocol\.yaml:\d+: There is no step "discrad" to go on with\. Did you mean "discard"\?/,
    ],
    [
      'a step to go on with that lies before',
      inFile('protocol.yaml', 'max: 30 min }', 'max: 30 min }\n        late: pour'),
      /protocol\.yaml:\d+: After "read" a sample cannot go on with "pour", which is no later step of the stage "mix"\. Write one of: discard, ask\./,
    ],
    [
      'a step to go on with that reads what is left out',
      inFile(
        'protocol.yaml',
        'max: 30 min }',
        'max: 30 min }\n        late: top\n      - { id: top, capability: dispense, parameters: { volumes: { red: =read.red * 1e-9 } } }',
      ),
      /protocol\.yaml:\d+: "top" reads "read", which is left out where a sample goes on with "top"/,
    ],
    [
      'what to do after an overrun that there is not',
      inFile('protocol.yaml', 'capability: dispense', 'capability: dispense\n        overrun: reed'),
      /protocol\.yaml:\d+: There is no step "reed" to go on with\. Did you mean "read"\?/,
    ],
    [
      'a late sample where none can be late',
      inFile('protocol.yaml', 'wait: { min: 5 s, max: 30 min }', 'late: ask'),
      /protocol\.yaml:\d+: "read" says what becomes of a sample that is late, but has no maximum wait/,
    ],
    [
      'a batch that takes too long to unload',
      (path: string, text: string) =>
        inFile(
          'protocol.yaml',
          'max: 30 min',
          'max: 30 s',
        )(path, inFile('lab.yaml', 'concurrency: 1 #', 'batch: true #')(path, text)),
      /protocol\.yaml:\d+: A full batch of 4 in handler takes 48 s to unload, but "read" must begin within 30 s of "pour": only batches of 2 will run/,
    ],
    [
      'racks that are full before the campaign ends',
      inFile('lab.yaml', 'places: 48', 'places: 20'),
      /lab\.yaml:\d+: The racks hold 20 samples and the campaign makes 24/,
    ],
    [
      'a parameter that expressions cannot read',
      inFile('protocol.yaml', 'red: uL', 'total: uL\n  red: uL'),
      /protocol\.yaml:\d+: "total" has a meaning of its own in expressions/,
    ],
  ])('%s', (_, change, sentence) => {
    expect(check(change).join('\n')).toMatch(sentence);
  });

  test.each(['sqrt', 'total', 'pi', 'end'])('a constant called %s', (name) => {
    const found = check(inFile('protocol.yaml', 'target_red: 0.781', `target_red: 0.781\n  ${name}: 3`));
    expect(found.join()).toMatch(/protocol\.yaml:\d+: "\w+" has a meaning of its own in expressions\. Choose another/);
  });

  test('levels with the same descriptors cannot be told apart', () => {
    const dyes = 'yellow: { type: categorical, levels: [a, b], descriptors: { a: [1, 2], b: [1, 2] } }';
    const inCampaign = inFile('campaign.yaml', /yellow: \{.*\}/, dyes);
    const inProtocol = inFile('protocol.yaml', 'yellow: uL', "yellow: ''");
    const found = check((path, text) => inProtocol(path, inCampaign(path, text)));
    expect(found.join('\n')).toMatch(
      /"a" and "b" of "yellow" have the same descriptors\. Describe what they differ in/,
    );
  });

  test('a wait that is longer than samples are held is refused', () => {
    const film = join(import.meta.dirname, '../../protocols/film-anneal/campaign.yaml');
    const loaded = loadDefinition(film, (path) =>
      readFileSync(path, 'utf8').replace('- id: heat', '- id: heat\n        wait: { min: 48 h }'),
    );
    if (!loaded.ok) expect.fail(loaded.failures.map(describeFailure).join());
    const { failures } = checkDefinition(loaded.value, describeLab(loaded.value.definition.lab));
    expect(failures.map(describeFailure).join()).toMatch(
      /"heat" must wait 173000 s at least and 86400 s at most, for as/,
    );
  });

  test('a stop rule that unequal weights make blind is refused', () => {
    const snar = join(import.meta.dirname, '../../protocols/snar-flow/campaign.yaml');
    const weigh = (text: string) => text.replace('reference: 2957', 'reference: 2957\n    weight: 2');
    const loaded = loadDefinition(snar, (path) => {
      const text = readFileSync(path, 'utf8');
      return path.endsWith('campaign.yaml') ? `${weigh(text)}\nstop: { gain_below: 1 }\n` : text;
    });
    if (!loaded.ok) expect.fail(loaded.failures.map(describeFailure).join());
    const { failures } = checkDefinition(loaded.value, describeLab(loaded.value.definition.lab));
    expect(failures.map(describeFailure).join()).toMatch(/campaign\.yaml:\d+: With unequal weights nobody knows/);
  });

  test('swapped bounds are refused', () => {
    const swapped = check(
      inFile('campaign.yaml', 'red: { min: 0 uL, max: 100 uL }', 'red: { min: 100 uL, max: 0 uL }'),
    );
    expect(swapped.join()).toContain('The lower bound of "red" is not below the upper one.');
  });
});

describe('JSON Schemas for editors', () => {
  test.each([
    ['lab', Lab],
    ['protocol', Protocol],
    ['campaign', Campaign],
    ['change', CampaignChange],
  ] as const)('docs/schemas/%s.json is current', async (name, schema) => {
    const made = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
    const titled = { ...made, title: `Labwright ${name}.yaml` };
    await expect(`${JSON.stringify(titled, null, 2)}\n`).toMatchFileSnapshot(
      join(import.meta.dirname, `../../docs/schemas/${name}.json`),
    );
  });
});
