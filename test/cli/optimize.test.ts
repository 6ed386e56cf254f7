import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import * as z from 'zod';
import { Request, requestNames } from '../../src/cli/optimize/request.ts';
import { type Session, newSession } from '../../src/cli/optimize/session.ts';
import { answerLine } from '../../src/cli/optimize/stdio.ts';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/optimize.md'), 'utf8');

interface Answer {
  readonly id?: unknown;
  readonly ok: boolean;
  readonly answer?: Record<string, never>;
  readonly error?: { readonly code: string; readonly message: string };
}

/** Sends requests one after the other and gives the answers and the session they end in. */
function talk(requests: readonly unknown[], from: Session = newSession): { answers: Answer[]; session: Session } {
  let session = from;
  const answers = requests.map((request) => {
    const turn = answerLine(session, typeof request === 'string' ? request : JSON.stringify(request));
    session = turn.session;
    return JSON.parse(turn.line) as Answer;
  });
  return { answers, session };
}

const x = { name: 'x', type: 'continuous', min: 0, max: 1 };
const problem = { parameters: [x], objectives: [{ name: 'y', goal: 'maximize' }] };
const started = { request: 'problem', problem };
const told = [0.1, 0.5, 0.9].map((value) => ({ point: { x: value }, values: { y: -((value - 0.4) ** 2) } }));

describe('labwright optimize --stdio', () => {
  it('suggests, learns, and keeps account of what is pending', () => {
    const first = talk([started, { request: 'ask', batch: 2, id: 'a' }]);
    expect(first.answers.map(({ ok }) => ok)).toEqual([true, true]);
    expect(first.answers[1]!.id).toBe('a');
    expect(first.session.pending).toHaveLength(2);
    const [point] = first.session.pending;
    const next = talk([{ request: 'tell', observations: [{ point, values: { y: 1 } }] }], first.session);
    expect(next.answers[0]!.answer).toEqual({ observations: 1, pending: 1 });
    const forgot = talk([{ request: 'forget', what: 'pending' }, { request: 'state' }], next.session);
    expect(forgot.answers[1]!.answer!['pending']).toEqual([]);
    expect(forgot.answers[1]!.answer!['observations']).toHaveLength(1);
  });

  it('explains its model', () => {
    const { answers } = talk([
      started,
      { request: 'tell', observations: told },
      { request: 'explain', points: [{ x: 0.4 }] },
    ]);
    const explanation = answers[2]!.answer as unknown as {
      outcomes: { sobol: { x: { first: number } } }[];
      points: { predicted: { y: { mean: number; sd: number } } }[];
    };
    expect(explanation.outcomes[0]!.sobol.x.first).toBeGreaterThan(0.95);
    expect(explanation.points[0]!.predicted.y.sd).toBeGreaterThan(0);
  });

  it('keeps old data in the model when a level is taken away', () => {
    const space = (levels: string[]) => ({
      request: 'problem',
      problem: { ...problem, parameters: [x, { name: 'kind', type: 'categorical', levels }] },
    });
    const seen = ['a', 'b', 'b'].map((kind, i) => ({ point: { x: i / 2, kind }, values: { y: i } }));
    const { answers, session } = talk([
      space(['a', 'b']),
      { request: 'tell', observations: seen },
      space(['a', 'c']),
      { request: 'ask', batch: 8 },
    ]);
    expect(answers.map(({ ok }) => ok)).toEqual([true, true, true, true]);
    expect(session.observations).toHaveLength(3);
    expect(session.pending.map(({ kind }) => kind)).not.toContain('b');
  });

  it('gives equal answers to equal conversations', () => {
    const lines = [started, { request: 'tell', observations: told }, { request: 'ask', batch: 2 }];
    expect(talk(lines).answers).toEqual(talk(lines).answers);
  });

  it.each([
    ['no JSON', 'oh', 'message.malformed', 'The line is no JSON'],
    ['no object', '3', 'message.malformed', 'none of the known requests'],
    ['an unknown key', { ...started, sede: 1 }, 'message.malformed', '"sede" is not known here.'],
    ['no problem yet', { request: 'ask' }, 'input.invalid', 'There is no problem yet.'],
    [
      'bounds the wrong way round',
      { request: 'problem', problem: { ...problem, parameters: [{ ...x, min: 2 }] } },
      'input.invalid',
      'min 2 above max 1',
    ],
  ])('answers %s with a sentence', (_, line, code, sentence) => {
    const { answers, session } = talk([line]);
    expect(answers[0]!.ok).toBe(false);
    expect(answers[0]!.error!.code).toBe(code);
    expect(answers[0]!.error!.message).toContain(sentence);
    expect(session).toBe(newSession);
  });

  it('never crashes and never loses its state, whatever comes in', () => {
    const words = [
      'problem',
      'x',
      'y',
      'levels',
      '__proto__',
      'constructor',
      'points',
      'observations',
      'point',
      'values',
    ];
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom<unknown>(null, 0, -1, 1e308, 'x', 'maximize', '', true, ...words),
        fc.array(tie('any'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom(...words), tie('any'), { maxKeys: 4 }),
      ),
    })).any;
    const request = fc
      .record({
        request: fc.constantFrom(...requestNames, 'other'),
        more: fc.dictionary(fc.constantFrom(...words), value),
      })
      .map(({ request: name, more }) => JSON.stringify({ ...more, request: name }));
    // Near misses: a good request in which one value was replaced.
    const near = fc
      .tuple(
        fc.constantFrom<unknown>(started, { request: 'tell', observations: told }, { request: 'ask' }),
        value,
        fc.nat(30),
      )
      .map(([good, other, at]) => {
        let count = 0;
        return JSON.stringify(good, (_, inner: unknown) => (count++ === at ? other : inner));
      });
    const ready = talk([started, { request: 'tell', observations: told }]).session;
    fc.assert(
      fc.property(fc.array(fc.oneof(request, near, fc.string()), { minLength: 1, maxLength: 4 }), (lines) => {
        const { answers, session } = talk(
          lines.filter((line) => line.trim() !== ''),
          ready,
        );
        for (const { ok, error } of answers) if (!ok) expect(error!.message).toMatch(/[.!?]$/);
        expect(talk([{ request: 'state' }], session).answers[0]!.ok).toBe(true);
      }),
      { seed: 4, numRuns: 300 },
    );
  });
});

describe('docs/optimize.md', () => {
  test('optimize.schema.json is current', async () => {
    const schema = { ...z.toJSONSchema(Request, { io: 'input' }), title: 'Requests of labwright optimize --stdio' };
    await expect(`${JSON.stringify(schema, null, 2)}\n`).toMatchFileSnapshot(join(root, 'docs/optimize.schema.json'));
  });

  test('every request in it is one, and works', () => {
    const blocks = [...page.matchAll(/```json\n([^]*?)```/g)].map(([, text]) => JSON.parse(text!) as object);
    const requests = blocks.filter((block): block is { request: string } => 'request' in block);
    expect(new Set(requests.map(({ request }) => request))).toEqual(new Set(requestNames));
    for (const { ok, error } of talk(requests).answers) expect(error?.message ?? ok).toBe(true);
  });

  const python = '/usr/bin/python3';
  test.skipIf(!existsSync(python))(`its client runs (skipped where ${python} is absent)`, () => {
    const [, client] = /```python\n([^]*?)```/.exec(page)!;
    const file = join(mkdtempSync(join(tmpdir(), 'labwright-')), 'client.py');
    writeFileSync(file, client!);
    const run = spawnSync(python, [file, process.execPath, join(root, 'src/cli.ts'), 'optimize', '--stdio'], {
      encoding: 'utf8',
    });
    expect(run.stderr).toBe('');
    expect(Number(/best height (\S+)/.exec(run.stdout)![1])).toBeGreaterThan(-0.5);
  });
});
