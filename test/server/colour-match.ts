import { Campaign, type Definition } from '../../src/domain/campaign.ts';
import { describe, type Descriptor } from '../../src/domain/descriptor.ts';
import { Lab } from '../../src/domain/lab.ts';
import { Protocol } from '../../src/domain/protocol.ts';

/** A small lab that matches a colour by mixing dyes: what the server's and the page's tests show. */
export const definition: Definition = {
  lab: Lab.parse({
    site: 'bench',
    devices: {
      handler: { kind: 'liquid-handler', places: 4 },
      reader: { kind: 'plate-reader', places: 1 },
      arm: { kind: 'robot-arm' },
    },
    transport: { by: ['arm'], travel: '15 s', pick: '5 s' },
    racks: { rack: { places: 24 } },
    materials: {
      cyan: { name: 'Cyan dye', lots: [{ id: 'c-1', amount: '10 mL', cost: '4 EUR', co2e: '20 g' }] },
      magenta: { name: 'Magenta dye', lots: [{ id: 'm-1', amount: '4 mL', cost: '4 EUR', co2e: '20 g' }] },
      yellow: { name: 'Yellow dye', hazard: 'flammable', lots: [{ id: 'y-1', amount: '10 mL', cost: '4 EUR' }] },
      vial: { name: 'Vials', measure: 'pieces', lots: [{ id: 'v-1', amount: '96' }] },
    },
    tariff: { price: '0.30 EUR/kWh', carbon: '350 g/kWh' },
  }),
  protocol: Protocol.parse({
    protocol: 'mix-and-read',
    parameters: { cyan: 'uL', magenta: 'uL', yellow: 'uL' },
    stages: [
      {
        id: 'colour',
        steps: [
          { id: 'dispense', capability: 'dispense', parameters: { volumes: '=cyan' }, attempts: 3 },
          { id: 'read', capability: 'measure_colour' },
        ],
        observes: { distance: '=read.distance' },
      },
    ],
  }),
  campaign: Campaign.parse({
    campaign: 'colour-match',
    description: 'Find the mixture of three dyes that matches the target colour.',
    space: {
      cyan: { min: '0 uL', max: '200 uL' },
      magenta: { min: '0 uL', max: '200 uL' },
      yellow: { min: '0 uL', max: '200 uL' },
    },
    objectives: [{ name: 'distance', goal: 'minimize', stop_at: 1 }],
    batch: { size: 4, mode: 'rolling' },
    budget: { experiments: 24, time: '2 h', energy: '1 kWh' },
  }),
};

const capability = (name: string) => ({
  name,
  parameters: {},
  result: {},
  units: {},
  duration: { low: 1, typical: 2, high: 3 },
  retry: 'unsafe' as const,
  interruptible: false,
  consumes: [],
});

const body = (model: string, capabilities: string[], more: { meters?: boolean; power?: [number, number] }) =>
  describe({
    vendor: 'Labwright',
    model,
    serial: '1',
    firmware: '1.0',
    capabilities: capabilities.map(capability),
    meters: more.meters ? [{ id: 'main' as never, unit: 'Wh', resolution: 1 }] : [],
    ...(more.power ? { power: { idle_watt: more.power[0], active_watt: more.power[1] } } : {}),
    onControllerLost: 'finish',
  });

export const descriptors: Readonly<Record<string, Descriptor>> = {
  handler: body('Simulated liquid handler', ['dispense'], { meters: true }),
  reader: body('Simulated plate reader', ['measure_colour'], { power: [5, 25] }),
  arm: body('Simulated robot arm', ['move'], { power: [10, 80] }),
};
