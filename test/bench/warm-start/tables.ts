import type { Datum, Point, Problem } from '../../../src/optimizer/problem.ts';
import type { Source } from '../../../src/optimizer/warm/source.ts';
import { type Pool, readPool } from '../../optimizer/pools.ts';
import { drawn, firstHit } from './runs.ts';
import type { Task } from './task.ts';

const limit = 150;
/** Observations of a misleading source: every one of them is fitted anew. */
const thinned = 100;

const problemOf = ({ parameters, objectives, designs }: Pool): Problem => ({
  ...{ parameters, designs, constraints: [], objectives: [objectives[0]!] },
});

const keyOf = (point: Point): string => JSON.stringify(Object.values(point));

const observations = ({ designs, values }: Pool, keep: (point: Point) => boolean = () => true): Datum[] =>
  designs.flatMap((point, i) => (keep(point) ? [{ point, values: values[i]! }] : []));

/** The same points with values that say the opposite, or that belong to other points. */
const misleading: Readonly<Record<string, (data: readonly Datum[], name: string, seed: number) => Datum[]>> = {
  negated: (data, name) =>
    data.map((datum) => ('values' in datum ? { ...datum, values: { [name]: -datum.values[name]! } } : datum)),
  permuted: (data, _name, seed) => {
    const shuffled = drawn(data, data.length, seed, 'permuted');
    return data.map((datum, i) => ({ ...shuffled[i]!, point: datum.point }));
  },
};

/** Experiments to the best 1 % of a table, with other tables as sources; two kinds of misleading source beside. */
function tableTask(name: string, pool: Pool, sources: readonly Source[], beside: Task['beside']): Task {
  const problem = problemOf(pool);
  const { name: objective, goal } = pool.objectives[0]!;
  const values = new Map(pool.designs.map((point, i) => [keyOf(point), pool.values[i]!]));
  // Means of replicates are written with fewer digits than the threshold that was found from them.
  const slack = 1e-6 * Math.abs(pool.top1);
  const good = (point: Point) => {
    const value = values.get(keyOf(point))![objective]!;
    return goal === 'minimize' ? value <= pool.top1 + slack : value >= pool.top1 - slack;
  };
  const evaluate = (point: Point) => values.get(keyOf(point))!;
  const hit = (seed: number, times: number[], given: readonly Source[], start: number) =>
    firstHit(
      {
        ...{ problem, evaluate, limit, options: { seed, initial: 5, sources: given } },
        start: drawn(pool.designs, start, seed, 'start'),
      },
      good,
      times,
    );
  const mislead = Object.entries(misleading).map(([kind, change]) => {
    const bySeed = new Map<number, Source[]>();
    const changed = (seed: number) => {
      const key = seed % 5;
      if (!bySeed.has(key))
        bySeed.set(
          key,
          sources.map((source) => ({
            ...source,
            data: change(drawn(source.data, thinned, key, 'thinned'), objective, key),
          })),
        );
      return bySeed.get(key)!;
    };
    return [kind, (seed: number, times: number[]) => hit(seed, times, changed(seed), 0)] as const;
  });
  return {
    ...{ name, measure: 'experiments to top 1 %', beside },
    arms: {
      warm: (seed, times) => hit(seed, times, sources, 0),
      cold: (seed, times) => hit(seed, times, [], 5),
      // As warm runs that fall back: their initial design fills the space.
      filled: (seed, times) => hit(seed, times, [], 0),
      random: (seed) => drawn(pool.designs, pool.designs.length, seed, 'random').findIndex(good) + 1,
      ...Object.fromEntries(mislead),
    },
  };
}

const arylGroups = ['a_cf3', 'b_ome', 'c_et', 'd_2pyridyl', 'e_3pyridyl'];

/** One product with the other four as sources. */
function buchwaldTasks(): Task[] {
  const pools = arylGroups.map((group) => readPool(`buchwald_hartwig/${group}`));
  if (pools.includes(undefined)) return [];
  const all = arylGroups.map((name, k) => ({ name, data: observations(pools[k]!) }));
  return arylGroups.map((group, i) => {
    const sources = all.filter((_, k) => k !== i);
    return tableTask(`buchwald_hartwig/${group}`, pools[i]!, sources, {
      ...{ 'target over all five': 'median 1, mean 9.8', 'plain GP-EI': pools[i]!.plainMedian },
    });
  });
}

/** One donor with the other as the source; blends without donor are the same rows in both and are left out of it. */
function photostabilityTasks(): Task[] {
  const donors = ['pbq_qf', 'ptb7_th'];
  return donors.flatMap((donor) => {
    const pool = readPool(`opv_photostability/${donor}`);
    const other = donors.find((name) => name !== donor)!;
    const rows = readPool(`opv_photostability/${other}`);
    if (pool === undefined || rows === undefined) return [];
    const source = { name: other, data: observations(rows, (point) => Number(point['donor']) > 0) };
    return [tableTask(`opv_photostability/${donor}`, pool, [source], { 'plain GP-EI': pool.plainMedian })];
  });
}

const pairs = ['reizman_case_1', 'reizman_case_2', 'reizman_case_3', 'reizman_case_4'];
const campaigns = [...pairs, 'baumgartner_minlp1', 'baumgartner_minlp2'];

/** One substrate pair with the five other campaigns as sources: yields of the campaigns' own points. */
function suzukiTasks(): Task[] {
  const pools = campaigns.map((name) => readPool(`suzuki_flow/${name}`));
  if (pools.includes(undefined)) return [];
  const levels = [
    ...new Set(pools.flatMap((pool) => pool!.parameters.flatMap((p) => (p.type === 'categorical' ? p.levels : [])))),
  ];
  return campaigns.map((name, i) => {
    const pool = pools[i]!;
    const parameters = pool.parameters.map((p) => (p.type === 'categorical' ? { ...p, levels } : p));
    const sources = campaigns.flatMap((other, k) => (k === i ? [] : [{ name: other, data: observations(pools[k]!) }]));
    return tableTask(`suzuki_flow/${name}`, { ...pool, parameters }, sources, { designs: pool.designs.length });
  });
}

export const tableTasks = (): Task[] => [...buchwaldTasks(), ...photostabilityTasks(), ...suzukiTasks()];
