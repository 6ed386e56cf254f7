import { stream, type Stream } from '../../src/base/random.ts';
import { Campaign, type Definition } from '../../src/domain/campaign.ts';
import { Lab } from '../../src/domain/lab.ts';
import { Protocol } from '../../src/domain/protocol.ts';
import { hasHours, withHours } from './draw-hours.ts';
import { withSetups } from './draw-setups.ts';

/** Draws a lab with a protocol and a campaign that fit each other: all that a campaign needs, different for every seed. */

export type Written = Record<string, unknown>;

export function drawDefinition(seed: number, mostExperiments = 8): Definition {
  const random = stream(seed, 'lab');
  const definition = random.chance(0.12) ? flowBench(random) : random.chance(0.12) ? workshop(random) : vialLab(random);
  const held = withHolds(stream(seed, 'hold'), definition);
  const { lab, protocol, space, objectives } = withSetups(seed, withExceptions(stream(seed, 'late'), held));
  const { goal, ...campaign } = withEnds(
    stream(seed, 'ends'),
    drawCampaign(stream(seed, 'campaign'), seed, mostExperiments),
  );
  const gathering = stream(seed, 'gather');
  const stages = gathering.chance(0.5) ? {} : { stages: { gather: `${1 + gathering.integer(30)} min` } };
  if (goal === true) objectives[0]!['stop_at'] = objectives[0]!['goal'] === 'maximize' ? 0.1 : 0.4;
  return {
    lab: Lab.parse(withHours(seed, lab)),
    protocol: Protocol.parse(protocol),
    campaign: Campaign.parse({ ...campaign, ...stages, ...scheduleOf(seed), space, objectives }),
  };
}

/** What plans are to serve, in labs where energy is dear at times. */
function scheduleOf(seed: number): Written {
  const random = stream(seed, 'aims');
  if (!hasHours(seed) || random.chance(0.4)) return {};
  const energy = random.pick(['energy_cost', 'energy_co2e']);
  const minimize = random.pick<unknown>([
    [energy],
    ['lateness', energy, 'waiting'],
    { [energy]: 10 ** random.integer(6), makespan: 1, lateness: 2 },
    ['lateness'],
  ]);
  return { schedule: { due: `${1 + random.integer(180)} min`, minimize } };
}

interface Drawn {
  readonly lab: Written;
  readonly protocol: Written;
  readonly space: Written;
  readonly objectives: readonly Written[];
}

function drawCampaign(random: Stream, seed: number, mostExperiments: number): Written {
  const size = 1 + random.integer(4);
  const experiments = Math.min(mostExperiments, 2 + random.integer(random.chance(0.2) ? 7 : 3));
  return {
    campaign: `sim-${seed}`,
    batch: { size, mode: random.pick(['together', 'rolling']), initial: 2 + random.integer(4) },
    budget: { experiments, ...(random.chance(0.1) ? { time: `${1 + random.integer(6)} h` } : {}) },
    seed,
  };
}

/** Reasons to end before all experiments are done: a goal, or energy that is used up. */
function withEnds(random: Stream, campaign: Written): Written {
  const goal = random.chance(0.25);
  const energy = random.chance(0.2) ? { energy: `${5 + random.integer(60)} Wh` } : {};
  return { ...campaign, goal, budget: { ...(campaign['budget'] as Written), ...energy } };
}

const tariff = { price: '0.28 EUR/kWh', carbon: '380 g/kWh' };
const several = (noun: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${noun}-${i + 1}`);

function device(random: Stream, id: string, kind: string, more: Written = {}): Written {
  const meter = random.chance(0.3)
    ? { meter: { kind: random.pick(['tasmota', 'shelly-gen2']), topic: `tele/${id}/SENSOR` } }
    : {};
  return { kind, ...more, ...meter };
}

/** Handlers, arms, readers and perhaps a furnace. */
function vialLab(random: Stream): Drawn {
  const arms = several('arm', random.chance(0.25) ? 0 : 1 + random.integer(2));
  const handlers = several('handler', 1 + random.integer(3));
  const readers = several('reader', 1 + random.integer(3));
  const furnaces = random.chance(0.35) ? ['furnace'] : [];
  const devices: Written = {};
  for (const id of handlers)
    devices[id] = device(random, id, 'liquid-handler', {
      places: 1 + random.integer(4),
      concurrency: 1,
      options: { max_volume: '300 uL', max_total: '320 uL', overhead: `${5 + random.integer(30)} s`, flow: '5 uL/s' },
    });
  for (const id of readers)
    devices[id] = device(random, id, 'plate-reader', { options: { duration: `${10 + random.integer(40)} s` } });
  for (const id of furnaces)
    devices[id] = device(random, id, 'furnace', { places: 2 + random.integer(3), batch: true, options: {} });
  for (const id of arms) devices[id] = { kind: 'robot-arm' };
  const transport = {
    by: arms,
    travel: `${10 + random.integer(10)} s`,
    pick: `${2 + random.integer(4)} s`,
    between: random.chance(0.5) ? [{ from: 'handler-1', to: 'reader-1', takes: '8 s' }] : [],
  };
  const lab = {
    site: 'sim-lab',
    devices,
    racks: { rack: { places: 48 } },
    ...(arms.length === 0 ? {} : { transport }),
    materials: dyes(random),
    ...(random.chance(0.5) ? { tariff } : {}),
  };
  return { lab, ...vialProtocol(random, furnaces.length > 0) };
}

function dyes(random: Stream): Written {
  const dye = (id: string, absorptivity: Written) => {
    const lots = several(id, 1 + random.integer(2)).map((lot) => ({
      id: lot,
      amount: `${random.chance(0.1) ? 0.4 : 2 + random.integer(6)} mL`,
      cost: '2 EUR',
    }));
    return { properties: { concentration: '0.2 mmol/L', absorptivity }, lots };
  };
  return {
    red: dye('red', { 426: 9400, 504: 26807, 630: 150 }),
    blue: dye('blue', { 426: 9000, 504: 5000, 630: 29234 }),
    water: { lots: [{ id: 'water-1', amount: '20 mL' }] },
  };
}

/** One to three stages over pouring, annealing and reading. */
function vialProtocol(random: Stream, annealing: boolean): Omit<Drawn, 'lab'> {
  const wait = () => {
    const min = random.chance(0.4) ? { min: `${1 + random.integer(20)} s` } : {};
    const max = random.chance(0.4) ? { max: `${3 + random.integer(27)} min` } : {};
    return { wait: { ...min, ...max } };
  };
  const pour = (id: string, volumes: Written): Written => ({ id, capability: 'dispense', parameters: { volumes } });
  const read = (id: string): Written => ({ id, capability: 'read_absorbance', ...wait() });
  const anneal = {
    id: 'bake',
    capability: 'anneal',
    parameters: { temperature: '=heat', hold: '60 s' },
    recipe: '=heat',
    ...wait(),
  };
  const stages: { id: string; steps: Written[]; observes: Written }[] = [
    {
      id: 'mix',
      steps: [pour('pour', { red: '=red', blue: '=blue', water: '=max(0, filled - red - blue)' }), read('look')],
      observes: { early: '=abs(look.red - 0.5)' },
    },
  ];
  if (random.chance(0.4))
    stages.push({
      id: 'top',
      steps: [{ ...pour('add', { water: '=20 * (1 + look.red) * drop' }), ...wait() }, read('again')],
      observes: { later: '=abs(again.green - 0.5)' },
    });
  if (annealing)
    stages.push({ id: 'heat', steps: [anneal, read('last')], observes: { late: '=abs(last.blue - 0.5)' } });
  const objective = Object.keys(stages.at(-1)!.observes)[0]!;
  const protocol = {
    protocol: 'sim',
    parameters: { red: 'uL', blue: 'uL', ...(annealing ? { heat: 'degC' } : {}) },
    constants: { filled: '250 uL', drop: '1 uL' },
    stages,
  };
  const space = {
    red: { min: '0 uL', max: '100 uL' },
    blue: random.chance(0.3)
      ? { type: 'ordinal', levels: ['10 uL', '40 uL', '70 uL'] }
      : { min: '5 uL', max: '100 uL' },
    ...(annealing ? { heat: { type: 'ordinal', levels: ['90 degC', '120 degC'] } } : {}),
  };
  return { protocol, space, objectives: [{ name: objective, goal: 'minimize' }] };
}

/** Samples may wait between stages, in the one rack or on a shelf of a few places, for a while or for ever. */
function withHolds(random: Stream, drawn: Drawn): Drawn {
  const { lab, protocol } = drawn;
  const stages = protocol['stages'] as Written[];
  if (stages.length < 2 || random.chance(0.3)) return drawn;
  const shelf = lab['transport'] !== undefined && random.chance(0.6);
  const hold = {
    ...(shelf ? { in: 'shelf' } : {}),
    ...(random.chance(0.5) ? { for: `${5 + random.integer(60)} min` } : {}),
  };
  const racks = { ...(lab['racks'] as Written), ...(shelf ? { shelf: { places: 1 + random.integer(6) } } : {}) };
  const held = stages.map((stage, i) =>
    i === stages.length - 1 || (i > 0 && random.chance(0.5)) ? stage : { ...stage, hold },
  );
  return { ...drawn, lab: { ...lab, racks }, protocol: { ...protocol, stages: held } };
}

/** What is to become of samples that miss a maximum wait, or whose steps take too long. */
function withExceptions(random: Stream, drawn: Drawn): Drawn {
  const stages = drawn.protocol['stages'] as { steps: Written[] }[];
  const except = (steps: readonly Written[]) => (step: Written, j: number) => {
    const ways = ['discard', 'ask', ...steps.slice(j + 1).map(({ id }) => id)];
    const wait = step['wait'] as Written | undefined;
    // Short ones are missed more often.
    const late = { wait: { ...wait, max: `${40 + random.integer(200)} s` }, late: random.pick(ways) };
    const limited = wait?.['max'] !== undefined && random.chance(0.7);
    const overrun = random.chance(0.2) ? { overrun: random.pick(ways) } : {};
    return { ...step, ...(limited ? late : {}), ...overrun };
  };
  const excepted = stages.map((stage) => ({ ...stage, steps: stage.steps.map(except(stage.steps)) }));
  return { ...drawn, protocol: { ...drawn.protocol, stages: excepted } };
}

/** Reactors into which nothing has to be carried. */
function flowBench(random: Stream): Drawn {
  const reactors = several('reactor', 1 + random.integer(2));
  const options = {
    reactor_volume: '5 mL',
    volumes: 3,
    substrate: 'dfnb',
    nucleophile: 'pyrrolidine',
    solvent: 'ethanol',
  };
  const lot = (id: string, amount: string) => ({ lots: [{ id, amount }] });
  const lab = {
    site: 'sim-flow',
    devices: Object.fromEntries(reactors.map((id) => [id, device(random, id, 'flow-reactor', { options })])),
    materials: {
      dfnb: { properties: { concentration: '1.0 mol/L' }, ...lot('dfnb-1', '250 mL') },
      pyrrolidine: { properties: { concentration: '12.18 mol/L' }, ...lot('pyrrolidine-1', '100 mL') },
      ethanol: lot('ethanol-1', '1 L'),
    },
  };
  const feeds = {
    dfnb: '=pumped * concentration / dfnb_stock',
    pyrrolidine: '=pumped * concentration * equivalents / pyrrolidine_stock',
    ethanol: '=max(0, pumped * (1 - concentration / dfnb_stock - concentration * equivalents / pyrrolidine_stock))',
  };
  const conditions = Object.fromEntries(
    ['residence_time', 'equivalents', 'concentration', 'temperature'].map((name) => [name, `=${name}`]),
  );
  const run = { id: 'run', capability: 'run_snar', parameters: { ...conditions, feeds } };
  const protocol = {
    protocol: 'sim-flow',
    parameters: { residence_time: 'min', equivalents: '', concentration: 'mol/L', temperature: 'degC' },
    constants: { pumped: '15 mL', dfnb_stock: '1.0 mol/L', pyrrolidine_stock: '12.18 mol/L' },
    stages: [{ id: 'reaction', steps: [run], observes: { sty: '=run.sty' } }],
  };
  const space = {
    residence_time: { min: '0.5 min', max: '2 min', scale: 'log' },
    equivalents: { min: '1', max: '5', scale: 'log' },
    concentration: { min: '0.1 mol/L', max: '0.5 mol/L' },
    temperature: { min: '30 degC', max: '120 degC' },
  };
  return { lab, protocol, space, objectives: [{ name: 'sty', goal: 'maximize' }] };
}

/** Printers with several heads and a reader, a sample of filament by mass. */
function workshop(random: Stream): Drawn {
  const printers = several('printer', 1 + random.integer(2));
  const heads = 1 + random.integer(3);
  const devices: Written = { reader: device(random, 'reader', 'plate-reader') };
  for (const id of printers) devices[id] = device(random, id, 'printer', { places: heads, concurrency: heads });
  const lab = {
    site: 'sim-shop',
    devices,
    materials: { pla: { measure: 'mass', lots: [{ id: 'pla-1', amount: '1 kg', cost: '24 EUR' }] } },
    tariff,
  };
  const print = {
    id: 'print',
    capability: 'print',
    parameters: { design: { struts: '=struts' }, filament: { pla: '=thin * struts' } },
  };
  const look = { id: 'look', capability: 'read_absorbance', wait: { min: '1 min' } };
  const protocol = {
    protocol: 'sim-shop',
    parameters: { struts: '', thin: 'g' },
    stages: [{ id: 'make', steps: [print, look], observes: { mass: '=print.mass + look.red' } }],
  };
  const space = { struts: { type: 'integer', min: 2, max: 8 }, thin: { min: '0.2 g', max: '1 g' } };
  return { lab, protocol, space, objectives: [{ name: 'mass', goal: 'minimize' }] };
}
