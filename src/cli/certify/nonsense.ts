import type { CommandMessage } from '../../wire/messages.ts';

/** Messages that no device must obey, and that none must die of. */

export interface Nonsense {
  readonly what: string;
  readonly branch: 'cmd' | 'ctl';
  readonly text: string;
}

const deep = 20_000;

const notObjects: readonly (readonly [what: string, text: string])[] = [
  ['an empty message', ''],
  ['a message that is not JSON', 'dispense 2 mL please'],
  ['half a JSON object', '{"key": "a", "capab'],
  ['the JSON value null', 'null'],
  ['a JSON number', '42'],
  ['a JSON text', '"text"'],
  ['a JSON array', '[]'],
  ['an empty object', '{}'],
  [`${deep} nested arrays`, '['.repeat(deep)],
  [`${deep} nested arrays that are closed`, '['.repeat(deep) + ']'.repeat(deep)],
];

/** Field, what is wrong with it, and the value. */
const wrongFields: readonly (readonly [field: keyof CommandMessage, what: string, value: unknown])[] = [
  ['key', 'a number', 7],
  ['key', 'null', null],
  ['key', 'a list', ['a']],
  ['key', 'a topic', 'a/b/#'],
  ['key', 'half a surrogate pair', '\ud800'],
  ['key', 'empty', ''],
  ['key', '65 letters', 'a'.repeat(65)],
  ['capability', 'a number', 1],
  ['parameters', 'a list', [1, 2]],
  ['parameters', 'a text', 'all'],
  ['parameters', 'null', null],
  ['hash', 'a number', 5],
  ['hash', 'empty', ''],
  ['epoch', 'a text', '1'],
  ['epoch', 'a boolean', true],
  ['epoch', 'negative', -1],
  ['epoch', 'null', null],
  ['issuedAt', 'no time', 'yesterday'],
  ['issuedAt', 'a number', 0],
  ['ttlMs', 'a text', '60000'],
  ['ttlMs', 'negative', -5],
  ['deadlineMs', 'a text', 'soon'],
];

export function nonsense(command: CommandMessage): readonly Nonsense[] {
  const order = (what: string, body: unknown): Nonsense => ({ what, branch: 'cmd', text: JSON.stringify(body) });
  const steer = (what: string, body: unknown): Nonsense => ({ what, branch: 'ctl', text: JSON.stringify(body) });
  const { key, epoch } = command;
  const without = (Object.keys(command) as (keyof CommandMessage)[]).map((field) =>
    order(`a command without ${field}`, { ...command, [field]: undefined }),
  );
  const wrong = wrongFields.map(([field, what, value]) =>
    order(`a command whose ${field} is ${what}`, { ...command, [field]: value }),
  );
  return [
    ...notObjects.map(([what, text]): Nonsense => ({ what: `${what} on cmd`, branch: 'cmd', text })),
    ...notObjects.map(([what, text]): Nonsense => ({ what: `${what} on ctl`, branch: 'ctl', text })),
    ...without,
    ...wrong,
    order('a command whose epoch is no whole number', { ...command, epoch: epoch + 0.5 }),
    steer('a control with an unknown op', { op: 'certify_not_an_op', key, epoch }),
    steer('a control whose op is a number', { op: 3, key, epoch }),
    steer('a control without op', { key, epoch }),
    steer('a control without epoch', { op: 'query', key }),
    steer('a control whose epoch is a text', { op: 'query', key, epoch: String(epoch) }),
    steer('a control whose key is a number', { op: 'query', key: 7, epoch }),
    steer('a control whose key is a topic', { op: 'cancel', key: '../#', epoch }),
  ];
}
