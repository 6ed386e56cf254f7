import { describe, expect, test } from 'vitest';
import { realClock } from '../../src/base/clock.ts';
import { inlineAdvisor } from '../../src/engine/advisor.ts';
import { inlineSearcher, type Searcher } from '../../src/engine/searcher.ts';
import { workerSearcher } from '../../src/engine/search-worker.ts';
import type { SearchTask } from '../../src/scheduling/bounded-search.ts';
import type { Plan } from '../../src/scheduling/model.ts';
import { plan } from '../../src/scheduling/planner.ts';
import { coaters } from '../scheduling/coaters.ts';
import { expectEnded, mixed } from './changing.ts';
import { WholeLab } from './whole-lab.ts';

function taskOf(samples: number): SearchTask {
  const problem = coaters(samples);
  return { problem, plan: plan(problem), seed: 1 };
}

/** Four brands of dye and two readers that are rinsed for 20 min between brands; 12 samples at a time. */
function brands(seed: number) {
  const definition = mixed((campaign) => {
    Object.assign(campaign, { seed, batch: { size: 12, mode: 'together', initial: 36 } });
    Object.assign(campaign.budget, { experiments: 36 });
    Object.assign(campaign.space['brand']!, { levels: ['acme', 'bolt', 'coral', 'dune'] });
  });
  const devices = definition.lab.devices as Record<string, object>;
  devices['reader'] = { ...devices['reader'], setup: 1200 };
  devices['reader2'] = { ...devices['reader'] };
  Object.assign(definition.protocol.stages[0]!.steps[1]!, { recipe: '=brand' });
  return definition;
}

function campaign(seed: number, searching: boolean): WholeLab {
  const lab = new WholeLab(brands(seed));
  const { search, close } = inlineSearcher(lab.clock, 1000);
  // Somebody looks at the plan between the answer and the turn that takes it.
  const watched: Searcher = {
    search: (task, answer) =>
      search(task, (found) => {
        answer(found);
        lab.engine.status();
      }),
    close,
  };
  lab.startController(inlineAdvisor(lab.clock), searching ? watched : undefined);
  lab.run();
  expectEnded(lab);
  return lab;
}

const makespan = ({ ledger }: WholeLab): number => ledger.lastAt() - ledger.campaign()!.openedAt;

describe('a search beside a campaign', () => {
  test('makes it shorter where devices are set up between recipes', () => {
    const seeds = [1, 2, 3];
    let told = 0;
    const ratios = seeds.map((seed) => {
      const lab = campaign(seed, true);
      for (const { data } of lab.events.filter((event) => event.type === 'plan.improved')) {
        expect(data.ends).toBeLessThan(data.endsBefore);
        expect(data.moved).toBeGreaterThan(0);
      }
      expect(lab.count('plan.improved')).toBeLessThanOrEqual(3);
      told += lab.count('plan.improved');
      return makespan(lab) / makespan(campaign(seed, false));
    });
    expect(told).toBeGreaterThan(1);
    expect(Math.min(...ratios)).toBeLessThan(0.9);
    expect(Math.max(...ratios)).toBeLessThan(1.02);
  });

  test('is asked when samples have come, and not while the order is pinned', () => {
    const asked: number[] = [];
    const searcher: Searcher = { search: ({ problem }) => asked.push(problem.samples.length), close: async () => {} };
    const lab = new WholeLab(brands(1));
    lab.startController(inlineAdvisor(lab.clock), searcher);
    expect(lab.until('experiment.scheduled', 12)).toBe(true);
    expect(asked).toEqual([12]);
    expect(lab.until('experiment.completed', 1)).toBe(true);
    expect(lab.engine.order({ op: 'pin' }, 'ann')).toEqual({ ok: true, value: undefined });
    expect(lab.until('experiment.completed', 13)).toBe(true);
    expect(asked).toEqual([12]);
    lab.engine.order({ op: 'unpin' }, 'ann');
    lab.wait(1);
    expect(asked.length).toBe(2);
  });

  test('is dropped when another one begins', () => {
    const lab = new WholeLab(brands(1));
    const searcher = inlineSearcher(lab.clock, 1000);
    const answers: string[] = [];
    searcher.search(taskOf(8), () => answers.push('first'));
    searcher.search(taskOf(9), () => answers.push('second'));
    lab.wait(1);
    expect(answers).toEqual(['second']);
  });
});

describe('a search in a thread', () => {
  const limitMs = 30;
  const withThread = async (work: (searcher: Searcher, told: string[]) => Promise<void>, limit?: number) => {
    const told: string[] = [];
    const searcher = workerSearcher(realClock(), (message) => told.push(message), limit);
    try {
      await work(searcher, told);
    } finally {
      await searcher.close();
    }
  };
  const answerOf = (searcher: Searcher, task: SearchTask) =>
    new Promise<Plan | undefined>((resolve) => searcher.search(task, resolve));

  test('finds what a search in this thread finds', () =>
    withThread(async (searcher) => {
      const task = taskOf(12);
      const lab = new WholeLab(brands(1));
      let here: Plan | undefined;
      inlineSearcher(lab.clock).search(task, (found) => (here = found));
      lab.wait(1);
      expect(here).toBeDefined();
      expect(await answerOf(searcher, task)).toEqual(here);
    }));

  test('ends within 50 ms with what it has found when it has taken long enough', { retry: 3 }, () =>
    withThread(async (searcher) => {
      // Until then it starts.
      await answerOf(searcher, taskOf(2));
      const long = taskOf(200);
      const asked = performance.now();
      await answerOf(searcher, long);
      const took = performance.now() - asked;
      expect(took).toBeGreaterThanOrEqual(limitMs);
      expect(took).toBeLessThan(limitMs + 50);
    }, limitMs),
  );

  test('drops the one before, and says so when it fails, and searches again', () =>
    withThread(async (searcher, told) => {
      const answers: string[] = [];
      searcher.search(taskOf(24), () => answers.push('first'));
      const broken = { ...taskOf(8), plan: undefined as never };
      searcher.search(broken, (found) => answers.push(`broken: ${found}`));
      await expect.poll(() => told.length).toBe(1);
      expect(told[0]).toMatch(/undefined/);
      expect(await answerOf(searcher, taskOf(12))).toBeDefined();
      expect(answers).toEqual(['broken: undefined']);
    }));
});
