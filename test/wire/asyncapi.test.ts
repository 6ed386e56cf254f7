import { format } from 'prettier';
import { describe, expect, it } from 'vitest';
import { describe as describeDevice, schemaViolation } from '../../src/domain/descriptor.ts';
import { asyncApi } from '../../src/wire/asyncapi.ts';
import { messageSchemas } from '../../src/wire/messages.ts';
import { parseTopic, topics } from '../../src/wire/topics.ts';
import { dispense } from './bench.ts';
import { samples } from './samples.ts';

interface Ref {
  $ref: string;
}
interface Document {
  channels: Record<string, { address: string; parameters: Record<string, unknown>; messages: Record<string, Ref> }>;
  operations: Record<string, { action: string; channel: Ref; messages: Ref[] }>;
  components: { messages: Record<string, { payload: { schema: Record<string, unknown> } }> };
}

const document = asyncApi() as unknown as Document;

function resolve({ $ref }: Ref): unknown {
  const found = $ref
    .slice(2)
    .split('/')
    .reduce<unknown>((node, name) => (node as Record<string, unknown> | undefined)?.[name], document);
  expect(found, $ref).toBeDefined();
  return found;
}

describe('docs/asyncapi.json', () => {
  it('is current (`npx vitest run test/wire/asyncapi.test.ts -u` writes it)', async () => {
    const text = await format(JSON.stringify(document), { parser: 'json', printWidth: 120 });
    await expect(text).toMatchFileSnapshot('../../docs/asyncapi.json');
  });

  it('has a channel for every topic, with its address and parameters', () => {
    expect(Object.keys(document.channels).sort()).toEqual(Object.keys(messageSchemas).sort());
    for (const [kind, { address, parameters }] of Object.entries(document.channels)) {
      expect(parseTopic(address.replaceAll(/\{\w+\}/g, 'x'))).toMatchObject({ kind });
      const named = [...address.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      expect(Object.keys(parameters)).toEqual(named);
    }
  });

  it('has no reference that leads nowhere', () => {
    for (const { messages } of Object.values(document.channels)) Object.values(messages).forEach(resolve);
    for (const { channel, messages, action } of Object.values(document.operations)) {
      expect(['send', 'receive']).toContain(action);
      resolve(channel);
      messages.map(resolve).forEach((message) => resolve(message as Ref));
    }
    expect(JSON.stringify(document.components)).not.toContain('$ref');
  });

  it.each([...samples, [topics.descriptor('lab', 'pump'), describeDevice(dispense)] as const])(
    'describes %s',
    (topic, body) => {
      const { schema } = document.components.messages[parseTopic(topic)!.kind]!.payload;
      expect(schemaViolation(schema, body)).toBeUndefined();
      expect(schemaViolation(schema, { ...body, fromTheFuture: 1 })).toBeUndefined();
      if (!topic.includes('/campaign/')) expect(schemaViolation(schema, {})).toBeDefined();
    },
  );
});
