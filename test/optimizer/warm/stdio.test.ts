import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { newSession } from '../../../src/cli/optimize/session.ts';
import { answerLine } from '../../../src/cli/optimize/stdio.ts';
import { hill, measured, parametersOf, problemOf } from './fixtures.ts';

const problem = problemOf(parametersOf(2));
const source = { name: 'before', data: measured(problem, 20, hill, 'before') };
const send = (session: typeof newSession, request: object) => answerLine(session, JSON.stringify(request));

it('takes sources and an expectation with the problem, and reports the trust with every batch', () => {
  const expectation = { parameters: { x0: { near: 0.7, within: 0.2 } } };
  const begun = send(newSession, { request: 'problem', problem, sources: [source], expectation });
  expect(JSON.parse(begun.line)).toMatchObject({ ok: true });
  const asked = JSON.parse(send(begun.session, { request: 'ask', batch: 2 }).line);
  expect(asked.answer.suggestions).toHaveLength(2);
  expect(asked.answer.model.sources[0]).toMatchObject({ name: 'before', outcome: 'y', observations: 20 });
});

it('refuses a source that makes no sense when the problem is told', () => {
  const { line } = send(newSession, { request: 'problem', problem, sources: [{ ...source, renames: { heat: 'x0' } }] });
  expect(JSON.parse(line).error.message).toContain('renames "heat"');
  const capped = send(newSession, { request: 'problem', problem, sources: [{ ...source, cap: 3 }] });
  expect(JSON.parse(capped.line)).toMatchObject({ ok: false });
});

it('works as the page on warm starts shows it', () => {
  const page = readFileSync(new URL('../../../docs/warm-start.md', import.meta.url), 'utf8');
  const [, example] = /```json\n([^]*?)```/.exec(page)!;
  const { session, line } = send(newSession, JSON.parse(example!) as object);
  expect(JSON.parse(line)).toMatchObject({ ok: true });
  const { answer } = JSON.parse(send(session, { request: 'ask' }).line);
  expect(answer.model.sources[0]).toMatchObject({ name: 'last year', observations: 2, ignored: 0 });
  expect(answer.model.sources[0].trust).toBeGreaterThan(0);
});
