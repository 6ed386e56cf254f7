import { beforeEach, describe, expect, test } from 'vitest';
import { reportOf } from '../../src/cli/report.ts';
import type { Step } from '../../src/domain/protocol.ts';
import { expectEnded, expectRebuilt } from './changing.ts';
import { definitionOf, WholeLab } from './whole-lab.ts';

/** One sample that is poured and then looked at three times; the first look must come within two minutes. */
function lookedAtThrice(exceptions: { late?: string; overrun?: string }, observed: string, slow = 1): WholeLab {
  const definition = definitionOf('colour-match', ({ campaign, protocol, lab }) => {
    Object.assign(campaign.budget, { experiments: 1, money: undefined });
    Object.assign(campaign.batch, { size: 1, initial: 1 });
    const { steps, observes } = protocol.stages[0]!;
    const [pour, read] = steps as [Step, Step];
    const { wait: _, ...look } = read;
    const { overrun, late } = exceptions;
    steps.splice(
      0,
      steps.length,
      { ...pour, ...(overrun === undefined ? {} : { overrun }) } as Step,
      { ...look, wait: { max: 120 }, ...(late === undefined ? {} : { late }) } as Step,
      { ...look, id: 'again' as never },
      { ...look, id: 'last' as never, wait: { min: 600 } },
    );
    for (const [name, expression] of Object.entries(observes))
      observes[name] = expression.replaceAll(`${read.id}.`, `${observed}.`);
    if (slow > 1) lab.devices['handler' as never]!.faults.push({ kind: 'slow', probability: 1, amount: slow });
  });
  const lab = new WholeLab(definition);
  lab.startController();
  return lab;
}

/** A pause after pouring that is longer than the sample may wait. */
function pauseTooLong(lab: WholeLab): void {
  const poured = () => lab.events.some(({ type, data }) => type === 'command.ended' && 'result' in data);
  lab.clock.run(poured, lab.clock.now() + 3_600_000);
  lab.engine.order({ op: 'pause' }, 'ann');
  lab.wait(10);
  lab.engine.order({ op: 'resume' }, 'ann');
}

const done = (lab: WholeLab) =>
  lab.ledger.commands().flatMap(({ kind, step, outcome }) => (kind === 'process' && outcome === 'ok' ? [step] : []));
const only = (lab: WholeLab) => lab.ledger.experiments()[0]!;
const e1 = 'e-0001' as never;
const missed =
  /^a maximum wait was missed: e-0001 can no longer keep its maximum wait of 2 min before read: it is .* late/;

describe('a maximum wait that was missed', () => {
  test('fails the experiment where the protocol says nothing', () => {
    const lab = lookedAtThrice({}, 'last');
    pauseTooLong(lab);
    lab.run();
    expectEnded(lab);
    expect(only(lab)).toMatchObject({ status: 'failed', retryable: true, reason: expect.stringMatching(missed) });
  });

  test('fails it for good where the sample is to be discarded, and nothing more is done to it', () => {
    const lab = lookedAtThrice({ late: 'discard' }, 'last');
    pauseTooLong(lab);
    lab.run();
    expectEnded(lab);
    expect(only(lab)).toMatchObject({ status: 'failed', retryable: false, reason: expect.stringMatching(missed) });
    expect(done(lab)).toEqual(['pour']);
  });

  test('leads to the step that is named, at once, and the result says that it was late', () => {
    const lab = lookedAtThrice({ late: 'last' }, 'last');
    pauseTooLong(lab);
    const before = lab.clock.now();
    lab.run();
    expectEnded(lab);
    expect(done(lab)).toEqual(['pour', 'last']);
    expect(only(lab)).toMatchObject({ status: 'completed', reason: expect.stringMatching(missed) });
    expect(lab.clock.now() - before).toBeLessThan(300_000);
    const observed = lab.events.find(({ type }) => type === 'experiment.observed');
    expect(observed?.data).toMatchObject({ late: expect.stringMatching(missed) });
  });

  test('fails after that step where what it has left out is needed', () => {
    const lab = lookedAtThrice({ late: 'last' }, 'again');
    pauseTooLong(lab);
    lab.run();
    expectEnded(lab);
    expect(done(lab)).toEqual(['pour', 'last']);
    expect(only(lab)).toMatchObject({ status: 'failed', reason: expect.stringMatching(missed) });
  });
});

describe('a person who is asked', () => {
  let lab: WholeLab;
  beforeEach(() => {
    lab = lookedAtThrice({ late: 'ask' }, 'last');
    pauseTooLong(lab);
    lab.until('experiment.late');
  });

  test('is told which limit was missed by how much, and meanwhile nothing happens, not even in another controller', () => {
    lab.wait(30);
    lab.killController();
    lab.startController();
    lab.wait(30);
    expectRebuilt(lab);
    expect(done(lab)).toEqual(['pour']);
    expect(only(lab)).toMatchObject({ status: 'indeterminate', reason: expect.stringMatching(missed) });
    expect(reportOf(lab.ledger)!.lateSamples).toEqual([{ experiment: e1, reason: expect.stringMatching(missed) }]);
  });

  test('may let it go on: all steps are done, and the result says that it was late', () => {
    lab.wait(30);
    expect(lab.engine.order({ op: 'decide', experiment: e1, as: 'continue' }, 'ann').ok).toBe(true);
    lab.run();
    expectEnded(lab);
    expect(done(lab)).toEqual(['pour', 'read', 'again', 'last']);
    expect(only(lab)).toMatchObject({ status: 'completed', reason: expect.stringMatching(missed) });
    expect(reportOf(lab.ledger)!.lateSamples).toEqual([]);
  });

  test('may have it discarded', () => {
    lab.engine.order({ op: 'decide', experiment: e1, as: 'discard' }, 'ann');
    lab.run();
    expectEnded(lab);
    expect(done(lab)).toEqual(['pour']);
    expect(only(lab)).toMatchObject({
      status: 'failed',
      retryable: false,
      reason: expect.stringMatching(/discarded by ann$/),
    });
  });

  test('decides once, and only on samples that are late', () => {
    expect(lab.engine.order({ op: 'decide', experiment: 'e-0099' as never, as: 'continue' }, 'ann').ok).toBe(false);
    lab.engine.order({ op: 'decide', experiment: e1, as: 'continue' }, 'ann');
    expect(lab.engine.order({ op: 'decide', experiment: e1, as: 'discard' }, 'ann').ok).toBe(false);
  });

  test('need not be there when the campaign is aborted', () => {
    lab.engine.order({ op: 'abort' }, 'ann');
    lab.run();
    expectEnded(lab);
    expect(only(lab).status).toBe('cancelled');
  });
});

describe('a step that took longer than its device declares', () => {
  const overran = /^pour took 2 min .* s, and 1 min 49 s is the longest that its device declares/;

  test('changes nothing where the protocol says nothing of it', () => {
    const lab = lookedAtThrice({}, 'last', 1.4);
    lab.run();
    expect(only(lab)).toMatchObject({ status: 'completed', reason: undefined });
  });

  test('leads to the step that is named', () => {
    const lab = lookedAtThrice({ overrun: 'last' }, 'last', 1.4);
    lab.run();
    expectEnded(lab);
    expect(done(lab)).toEqual(['pour', 'last']);
    expect(only(lab)).toMatchObject({ status: 'completed', reason: expect.stringMatching(overran) });
  });

  test('is asked about, and goes on however long the answer takes', () => {
    const lab = lookedAtThrice({ overrun: 'ask' }, 'last', 1.4);
    lab.until('experiment.late');
    lab.wait(30);
    lab.engine.order({ op: 'decide', experiment: e1, as: 'continue' }, 'ann');
    lab.run();
    expectEnded(lab);
    expect(done(lab)).toEqual(['pour', 'read', 'again', 'last']);
    expect(only(lab)).toMatchObject({ status: 'completed', reason: expect.stringMatching(overran) });
  });

  test('is no matter while it keeps its band', () => {
    const lab = lookedAtThrice({ overrun: 'discard' }, 'last');
    lab.run();
    expect(only(lab).status).toBe('completed');
  });
});
