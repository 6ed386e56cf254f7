import type { DescriptorBody } from '../../src/domain/descriptor.ts';
import { DeviceId } from '../../src/domain/ids.ts';

/** A pump that dispenses, for tests. */
export const dispense: DescriptorBody = {
  vendor: 'Labwright',
  model: 'Bench pump',
  serial: '1',
  firmware: '1.0',
  capabilities: [
    {
      name: 'dispense',
      parameters: {
        type: 'object',
        properties: { volume: { type: 'number', minimum: 0, maximum: 100 }, material: { type: 'string' } },
        required: ['volume'],
        additionalProperties: false,
      },
      result: { type: 'object', properties: { dispensed: { type: 'number' } }, required: ['dispensed'] },
      units: { volume: 'mL', dispensed: 'mL' },
      duration: { low: 1, typical: 2, high: 3 },
      retry: 'unsafe',
      interruptible: true,
      consumes: [{ parameter: 'volume', material: 'material' }],
    },
  ],
  meters: [{ id: DeviceId.parse('mains'), unit: 'Wh', resolution: 1 }],
  onControllerLost: 'stop',
};
