import { digest } from '../../base/canonical.ts';
import { schemaViolation, type Capability, type DescriptorBody } from '../../domain/descriptor.ts';
import { checkExpression, isExpression } from '../../domain/expression.ts';
import { durationOf } from '../../domain/resolve.ts';
import { unitScale } from '../../domain/quantity.ts';
import { demand, pass, type Check } from './check.ts';
import { instanceOf } from './instance.ts';

/** What a device says of itself before it is asked for anything. */

export const descriptor: Check = {
  id: 'descriptor',
  section: '1',
  says: 'The descriptor is retained on $descriptor: JSON Schemas that can be read, UCUM units, ordered durations, consumes that name parameters, and the hash of it all.',
  async try({ bench }) {
    const said = await bench.retained('$descriptor');
    demand(
      said !== undefined,
      'Nothing is retained on $descriptor.',
      'Publish the descriptor with the retain flag at every connect.',
    );
    demand(said.wrong === undefined, said.wrong ?? '', 'Compare it with the schema in docs/asyncapi.json.');
    const { hash, ...body } = JSON.parse(said.payload) as DescriptorBody & { hash: unknown };
    const right = digest(body);
    const mend =
      'Hash the descriptor without its hash: SHA-256 over JSON with sorted keys and no spaces, first 32 digits.';
    demand(hash === right, `The hash is ${String(hash)}; that of the content is ${right}.`, mend);
    const names = body.capabilities.map(({ name }) => name);
    demand(new Set(names).size === names.length, `Two capabilities share a name: ${names.join(', ')}.`, 'Rename one.');
    for (const capability of body.capabilities) checkCapability(capability);
    return pass(`${body.vendor} ${body.model}: ${names.join(', ')}`);
  },
};

function checkCapability(capability: Capability): void {
  const { name, units, consumes } = capability;
  for (const part of ['parameters', 'result'] as const) {
    const problem = schemaViolation(capability[part], {});
    const unusable = problem?.startsWith('its schema cannot be used') ? problem : undefined;
    demand(unusable === undefined, `${name}.${part}: ${unusable}.`, 'Write it as JSON Schema, draft 2020-12 or 7.');
  }
  for (const [field, unit] of Object.entries(units))
    demand(
      unitScale(unit) !== undefined,
      `${name}: "${unit}" of ${field} is no unit that can be read.`,
      'Write units as UCUM, like mL or Cel.',
    );
  const known = Object.keys((capability.parameters['properties'] as object | undefined) ?? {});
  for (const used of consumes)
    for (const field of [used.parameter, used.material])
      demand(
        field === undefined || known.includes(field),
        `${name} consumes by "${field}", which is no parameter of it.`,
        'Name a property of its parameters schema.',
      );
  checkDuration(capability);
}

function checkDuration(capability: Capability): void {
  const { name, duration } = capability;
  for (const term of Object.values(duration)) {
    const read = isExpression(term) ? checkExpression(term) : undefined;
    demand(
      read?.ok !== false,
      `${name}: the duration ${String(term)} cannot be read.`,
      'Use numbers or "=" and parameters.',
    );
  }
  const parameters = instanceOf(capability.parameters);
  const terms = ['low', 'typical', 'high'] as const;
  const values = terms.map((term) => {
    const only = { ...capability, duration: { low: duration[term], typical: duration[term], high: duration[term] } };
    const ms = durationOf(only, (parameters ?? {}) as Record<string, unknown>);
    return ms.ok ? ms.value.typical : undefined;
  });
  const [low, typical, high] = values;
  const unknown = low === undefined || typical === undefined || high === undefined;
  demand(
    unknown || (low <= typical && typical <= high),
    `${name}: the duration is ${values.map((ms) => `${(ms ?? 0) / 1000} s`).join(', ')}, not ordered.`,
    'Order it: low, typical, high.',
  );
}

export const state: Check = {
  id: 'state',
  section: '1',
  says: 'The state is retained on $state, with boot and a seq that is at least 1; seq 0 is the last will of the broker.',
  async try({ bench }) {
    const said = await bench.retained('$state');
    demand(
      said !== undefined,
      'Nothing is retained on $state.',
      'Publish the state with the retain flag at every connect and change.',
    );
    demand(said.wrong === undefined, said.wrong ?? '', 'Compare it with the schema in docs/asyncapi.json.');
    const { message } = said;
    demand(message?.kind === 'state', 'The state cannot be read.', 'Compare it with the schema in docs/asyncapi.json.');
    const { state: word, boot, seq } = message.body;
    const gone = word === 'lost' || word === 'disconnected';
    demand(
      !gone,
      `The state is ${word}: the device is not there.`,
      'Start the device; it must say ready when it connects.',
    );
    demand(seq >= 1, 'The seq of the state is 0, which is kept for the last will.', 'Count seq from 1 in every boot.');
    return pass(`${word}, boot ${boot}, seq ${seq}`);
  },
};
