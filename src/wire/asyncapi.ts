import * as z from 'zod';
import { messageSchemas } from './messages.ts';
import type { TopicKind } from './topics.ts';

/** The wire contract as an AsyncAPI 3 document, from the same schemas that read the messages. */

interface ChannelText {
  readonly address: string;
  readonly description: string;
  /** From the device's side; undefined when devices have no part in it. */
  readonly action: 'send' | 'receive' | undefined;
  readonly retain?: boolean;
}

const channels: Readonly<Record<TopicKind, ChannelText>> = {
  state: {
    address: 'labwright/1/{site}/dev/{device}/$state',
    description: 'State of a device; also its last will, with state "lost".',
    action: 'send',
    retain: true,
  },
  descriptor: {
    address: 'labwright/1/{site}/dev/{device}/$descriptor',
    description: 'What a device is and can do.',
    action: 'send',
    retain: true,
  },
  command: {
    address: 'labwright/1/{site}/dev/{device}/cmd',
    description:
      'Asks for a capability. Sent again, with the same key, hash and issuedAt, until an ack or a nack comes. A device journals "accepted" before it acks and "started" before it acts; the same key never acts twice.',
    action: 'receive',
  },
  control: {
    address: 'labwright/1/{site}/dev/{device}/ctl',
    description:
      'Steers commands. query: the last event of a key (unknown: nack E_UNKNOWN_KEY with n 0), or without key the state and the last event of every key not forgotten. forget: the result is in the ledger. cancel, pause, resume: of one key or of all that runs; resume without key also lifts a halt. cancel of a key that has not come yet refuses it for good. halt: to the safe state at once, obeyed at any epoch.',
    action: 'receive',
  },
  event: {
    address: 'labwright/1/{site}/dev/{device}/evt/{key}',
    description:
      'The story of one command. A result is sent at every connect until it is forgotten. After a restart of the device a started command is indeterminate, and one that was only accepted is failed with error code not_started. A nack with n 1 is final for its key; a nack with n 0 refuses one message and says nothing of the command.',
    action: 'send',
  },
  telemetry: {
    address: 'labwright/1/{site}/dev/{device}/tele/{channel}',
    description: 'Readings for people and charts; nothing is decided from them.',
    action: 'send',
  },
  meter: {
    address: 'labwright/1/{site}/dev/{device}/meter/{meter}',
    description: 'A cumulative counter of energy in its own unit.',
    action: 'send',
    retain: true,
  },
  log: {
    address: 'labwright/1/{site}/dev/{device}/log',
    description: 'What a device has to say to people.',
    action: 'send',
  },
  controller: {
    address: 'labwright/1/{site}/ctl/{controller}/$state',
    description:
      'Presence of a controller, published at every connect; also its last will, with online false. When no controller of the present epoch is left, a device follows its declared policy.',
    action: 'receive',
    retain: true,
  },
  campaign: {
    address: 'labwright/1/{site}/campaign/{campaign}/{path}',
    description: 'Read-only mirror for dashboards; the path may have several levels.',
    action: undefined,
    retain: true,
  },
};

const idPattern = '[a-z0-9_-]{1,64}';

/** A schema as JSON Schema draft 7, the one that AsyncAPI tools read; readers ignore fields that it does not name. */
function payloadOf(kind: TopicKind): Record<string, unknown> {
  const { $schema: _, ...schema } = z.toJSONSchema(messageSchemas[kind], {
    target: 'draft-7',
    io: 'input',
    unrepresentable: 'any',
    override: ({ jsonSchema }) => {
      // The pattern that comes with a date-time counts the days of every month; that it ends in Z is what matters here.
      if (jsonSchema.format === 'date-time') jsonSchema.pattern = 'Z$';
    },
  }) as Record<string, unknown>;
  return { schemaFormat: 'application/schema+json;version=draft-07', schema };
}

function channelOf(kind: TopicKind, { address, description }: ChannelText): Record<string, unknown> {
  const names = [...address.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
  return {
    address,
    description,
    parameters: Object.fromEntries(names.map((name) => [name, { description: parameterText(name) }])),
    messages: { [kind]: { $ref: `#/components/messages/${kind}` } },
  };
}

const parameterText = (name: string): string =>
  name === 'path' ? 'One or more levels.' : `Id of the ${name}: ${idPattern}.`;

const operationOf = (kind: TopicKind, { action, retain = false }: ChannelText): Record<string, unknown> => ({
  action,
  channel: { $ref: `#/channels/${kind}` },
  messages: [{ $ref: `#/channels/${kind}/messages/${kind}` }],
  bindings: { mqtt: { qos: 1, ...(action === 'send' ? { retain } : {}), bindingVersion: '0.2.0' } },
});

export function asyncApi(): Record<string, unknown> {
  const entries = Object.entries(channels) as [TopicKind, ChannelText][];
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Labwright wire contract',
      version: '1',
      description:
        'What passes between a controller and the devices of a lab over MQTT 3.1.1, seen from a device. JSON in UTF-8, at most 1 MiB, QoS 1, clean sessions, times in RFC 3339 UTC. Readers ignore fields that they do not know.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    defaultContentType: 'application/json',
    channels: Object.fromEntries(entries.map(([kind, text]) => [kind, channelOf(kind, text)])),
    operations: Object.fromEntries(
      entries
        .filter(([, { action }]) => action !== undefined)
        .map(([kind, text]) => [`${text.action}${kind[0]!.toUpperCase()}${kind.slice(1)}`, operationOf(kind, text)]),
    ),
    components: {
      messages: Object.fromEntries(
        entries.map(([kind, { description }]) => [
          kind,
          { name: kind, summary: description, payload: payloadOf(kind) },
        ]),
      ),
    },
  };
}
