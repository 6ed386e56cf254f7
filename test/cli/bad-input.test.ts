import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { freePort, labwright, lineOf, workplace, type Ended } from './command-line.ts';

/** Whatever is wrong, the answer is a sentence or two and no trace of the program's insides. */
function expectSentence({ code, stderr }: Ended, exit: number, ...parts: (string | RegExp)[]): void {
  for (const part of parts) expect(stderr).toMatch(part);
  expect(stderr).not.toMatch(/\n\s+at |node:|\[object|undefined|Error:/);
  expect(stderr).toMatch(/[.?]\n$/);
  expect(code).toBe(exit);
}

type Edit = readonly [file: string, find: string, replace: string];

interface Mistake {
  readonly edits: readonly Edit[];
  readonly exit: number;
  /** One line each: the file, what stands on the line that is named, and what is said of it. */
  readonly says: readonly (readonly [file: string, at: string, ...parts: string[]])[];
}

const rest = '=max(0, total_volume - red - yellow - blue)';

const mistakes: Readonly<Record<string, Mistake>> = {
  'misspelt keys, unknown units and wrong dimensions': {
    edits: [
      ['campaign.yaml', 'description:', 'descripton:'],
      ['campaign.yaml', 'initial: 8', 'inital: 8'],
      ['campaign.yaml', 'red: { min: 0 uL, max: 100 uL }', 'red: { min: 0 uL, max: 100 uLL }'],
      ['campaign.yaml', 'time: 8 h', 'time: 8 kg'],
    ],
    exit: 2,
    says: [
      ['campaign.yaml', 'descripton:', '"descripton" is not known here. Did you mean "description"?'],
      ['campaign.yaml', 'inital:', '"batch.inital" is not known here. Did you mean "initial"?'],
      ['campaign.yaml', 'uLL', '"100 uLL" has an unknown unit "uLL". Write a number and a unit, like "25 mL".'],
      [
        'campaign.yaml',
        '8 kg',
        '"8 kg" is measured in kg, but a time is needed here. Write for example "90 s" or "2 h".',
      ],
    ],
  },
  'a number without unit, and broken YAML': {
    edits: [
      ['lab.yaml', 'travel: 15 s', 'travel: 15'],
      ['protocol.yaml', 'description: Mix', "description: 'Mix"],
    ],
    exit: 2,
    says: [
      ['lab.yaml', 'travel: 15', '"15" has no unit, but a time is needed here.'],
      ['protocol.yaml', '', 'The YAML cannot be read'],
    ],
  },
  'a misspelt setting of a device': {
    edits: [['lab.yaml', 'overhead: 35', 'overhed: 35']],
    exit: 2,
    says: [['lab.yaml', 'overhed', '"devices.handler.options.overhed" is not known here. Did you mean "overhead"?']],
  },
  'a setting in a wrong dimension': {
    edits: [['lab.yaml', 'flow: 5 uL/s', 'flow: 5 uL']],
    exit: 2,
    says: [['lab.yaml', 'flow:', '"5 uL" is measured in uL, but a quantity in m3/s is needed here.']],
  },
  'a kind of device that does not exist': {
    edits: [['lab.yaml', 'kind: robot-arm', 'kind: robot-arn']],
    exit: 2,
    says: [['lab.yaml', 'robot-arn', 'Did you mean "robot-arm"?']],
  },
  'names that the other files do not know, and a capability no device has': {
    edits: [
      ['campaign.yaml', 'red: { min: 0 uL, max: 100 uL }', 'red: { min: 0 g, max: 1 g }'],
      ['campaign.yaml', '  yellow:', '  yelow:'],
      ['campaign.yaml', 'name: distance', 'name: distanse'],
      ['protocol.yaml', 'capability: dispense', 'capability: dispence'],
    ],
    exit: 2,
    says: [
      [
        'campaign.yaml',
        '  red:',
        '"red" is varied in "g", but the protocol measures it in "uL". Write its bounds in uL.',
      ],
      ['campaign.yaml', '  yelow:', 'The protocol has no parameter "yelow". Did you mean "yellow"?'],
      ['campaign.yaml', 'space:', '"yellow" is not in the search space.'],
      ['campaign.yaml', 'distanse', 'No stage observes the objective "distanse". Did you mean "distance"?'],
      ['protocol.yaml', 'dispence', 'none has the capability "dispence". Did you mean "dispense"?'],
    ],
  },
  'a parameter out of limits': {
    edits: [['protocol.yaml', rest, '400 uL']],
    exit: 2,
    says: [
      ['protocol.yaml', 'parameters:\n          #', 'Step "pour" (dispense) has a parameter that its device does not'],
    ],
  },
  'a stock too small for one experiment': {
    edits: [
      ['protocol.yaml', rest, '200 uL'],
      ['lab.yaml', 'amount: 8 mL', 'amount: 0.1 mL'],
    ],
    exit: 3,
    says: [
      [
        'lab.yaml',
        'lots:\n      - { id: water-1',
        'One experiment needs at least 0.2 mL of water, but 0.1 mL is in stock. Add a lot.',
      ],
    ],
  },
};

describe.concurrent('check', () => {
  test.each(Object.entries(mistakes))('%s', async (_, { edits, exit, says }) => {
    const folder = workplace('colour-match', edits);
    const ended = await labwright(folder, 'check', 'campaign.yaml');
    expectSentence(ended, exit);
    expect(ended.stdout).toBe('');
    const lines = ended.stderr.trimEnd().split('\n');
    expect(lines).toHaveLength(says.length);
    for (const [file, at, ...parts] of says) {
      const place = at === '' ? `${file}:` : `${file}:${lineOf(join(folder, file), at)}: `;
      const line = lines.find((candidate) => candidate.startsWith(place) && candidate.includes(parts[0]!));
      expect(line, `${place} ${parts.join()} in\n${ended.stderr}`).toBeDefined();
    }
  });

  test('a stock too small for the whole campaign is a note, and the campaign can run', async () => {
    const folder = workplace('colour-match', [['lab.yaml', 'amount: 8 mL', 'amount: 1 mL']]);
    const { code, stdout } = await labwright(folder, 'check', 'campaign.yaml');
    expect(stdout).toMatch(/^Note: lab\.yaml:\d+: 24 experiments need about .* of water, but 1 mL is in stock\./);
    expect(stdout).toContain('colour-match can run: 3 parameters, 2 steps, at most 24 experiments.');
    expect(code).toBe(0);
  });

  test('failures for machines are JSON', async () => {
    const folder = workplace('colour-match', [['campaign.yaml', 'batch:', 'bach:']]);
    const { code, stderr } = await labwright(folder, 'check', 'campaign.yaml', '--json');
    expect(JSON.parse(stderr)).toMatchObject({ type: 'failure', code: 'input.invalid', where: 'campaign.yaml:18' });
    expect(code).toBe(2);
  });
});

describe.concurrent('run', () => {
  test('files that are not there', async () => {
    const folder = workplace();
    expectSentence(await labwright(folder, 'run', 'nothing.yaml'), 2, /^nothing\.yaml: There is no such file\./);
    expectSentence(await labwright(folder, 'check', '.'), 2, 'This is a folder, not a file');
  });

  test('a table of measurements that is not there', async () => {
    const folder = workplace('crossed-barrel', [['lab.yaml', 'csv:', 'csv: missing.csv #']]);
    const ended = await labwright(folder, 'run', 'campaign.yaml', '--no-page', '--dir', 'kept');
    expectSentence(ended, 2, /^lab\.yaml:\d+: The table of measurements missing\.csv is not there/, 'option "csv"');
    expectSentence(await labwright(folder, 'status', 'kept'), 5, 'kept holds no campaign');
  });

  test('a folder that cannot be made', async () => {
    const folder = workplace();
    const ended = await labwright(folder, 'run', 'campaign.yaml', '--no-page', '--dir', 'lab.yaml/kept');
    expectSentence(ended, 2, /^lab\.yaml\/kept: The folder cannot be made/, '--dir');
  });

  test('a port for the page that is taken', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const folder = workplace();
    const ended = await labwright(folder, 'run', 'campaign.yaml', '--port', String(port), '--dir', 'kept');
    other.close();
    expectSentence(ended, 4, `Port ${port} on 127.0.0.1 is in use`, '--port');
    expectSentence(await labwright(folder, 'resume', 'kept'), 5, 'kept holds no campaign');
  });

  test('a broker that is not there', async () => {
    const folder = workplace();
    const broker = `mqtt://127.0.0.1:${await freePort()}`;
    const args = ['--broker', broker, '--no-page', '--dir', 'kept'];
    const ended = await labwright(folder, 'run', 'campaign.yaml', ...args);
    expectSentence(ended, 4, `${broker}: No MQTT broker could be reached`, 'Start the broker');
    expectSentence(await labwright(folder, 'status', 'kept'), 5, 'kept holds no campaign');
  });

  test.each([
    [['frobnicate'], 'unknown command'],
    [['run', 'campaign.yaml', '--port', '70000'], 'Ports end at 65535'],
    [['run', 'campaign.yaml', '--broker', 'somewhere'], 'like mqtt://127.0.0.1:1883'],
    [['export', '--what', 'nonsense'], 'Allowed choices are experiments'],
  ])('%j is wrong usage', async (args, says) => {
    const { code, stderr } = await labwright(workplace(), ...args);
    expect(stderr).toContain(says);
    expect(stderr).toContain('--help');
    expect(code).toBe(1);
  });
});

describe.concurrent('simulate', () => {
  test('a device that the lab does not have', async () => {
    const args = ['lab.yaml', '--broker', 'mqtt://127.0.0.1:1', '--only', 'hanlder'];
    expectSentence(
      await labwright(workplace(), 'simulate', ...args),
      2,
      'no device "hanlder"',
      'Did you mean "handler"?',
    );
  });
});

describe.concurrent('ledgers that cannot be used', () => {
  test.each(['resume', 'status'])('%s without any', async (command) => {
    expectSentence(await labwright(workplace(), command), 5, 'There is no campaign in runs/', 'labwright run');
  });

  test.each([
    ['empty', '', 'holds no ledger'],
    ['of another program', 'nothing that SQLite could read\n'.repeat(40), 'not a ledger'],
  ])('a file that is %s', async (_, text, says) => {
    const folder = workplace();
    mkdirSync(join(folder, 'kept'));
    writeFileSync(join(folder, 'kept/ledger.sqlite'), text);
    expectSentence(await labwright(folder, 'status', 'kept'), 5, /^kept\/ledger\.sqlite: /, says);
  });
});
