import type { Readable, Writable } from 'node:stream';
import { createInterface } from 'node:readline';
import { type Failure, type Result, failed, failure } from '../../base/failure.ts';
import { describeIssue } from '../../domain/document.ts';
import { Request, requestNames, requestSchemas } from './request.ts';
import { type Session, converse, newSession } from './session.ts';

/** Answers one line with one line; whatever stands in it, the answer is JSON and the session goes on. */
export function answerLine(session: Session, line: string): { session: Session; line: string } {
  const read = parse(line);
  const id = idOf(read);
  const show = (answer: Result<object>) =>
    JSON.stringify({
      ...(id === undefined ? {} : { id }),
      ...(answer.ok ? { ok: true, answer: answer.value } : { ok: false, error: answer.failure }),
    });
  if (!read.ok) return { session, line: show(read) };
  try {
    const request = check(read.value);
    if (!request.ok) return { session, line: show(request) };
    const turn = converse(session, request.value);
    return { session: turn.session, line: show(turn.answer) };
  } catch (error) {
    const message = `The request could not be worked on: ${(error as Error).message}.`;
    return { session, line: show(failed(failure('optimizer.failed', message))) };
  }
}

function parse(line: string): Result<unknown> {
  try {
    return { ok: true, value: JSON.parse(line) };
  } catch (error) {
    const message = `The line is no JSON: ${(error as Error).message}.`;
    return failed(failure('message.malformed', message, { mend: 'Send one JSON object a line.' }));
  }
}

function idOf(read: Result<unknown>): string | number | undefined {
  if (!read.ok || read.value === null || typeof read.value !== 'object') return undefined;
  const { id } = read.value as { id?: unknown };
  return typeof id === 'string' || typeof id === 'number' ? id : undefined;
}

function check(value: unknown): Result<Request> {
  const parsed = Request.safeParse(value);
  if (parsed.success) return { ok: true, value: parsed.data };
  const name = requestNames.find((other) => other === (value as { request?: unknown } | null)?.request);
  if (name === undefined) {
    const mend = `Say "request": one of ${requestNames.join(', ')}.`;
    return failed(failure('message.malformed', 'The line is none of the known requests.', { mend }));
  }
  return failed(firstFault(parsed.error.issues, name));
}

function firstFault(
  issues: readonly Parameters<typeof describeIssue>[0][],
  name: keyof typeof requestSchemas,
): Failure {
  const [issue] = issues;
  const [found] = issue === undefined ? [] : describeIssue(issue, requestSchemas[name]);
  if (found === undefined) return failure('message.malformed', `The request "${name}" is malformed.`);
  const { message, mend } = found.failure;
  return failure('message.malformed', message, {
    where: found.path.join('.'),
    ...(mend === undefined ? {} : { mend }),
  });
}

/** `labwright optimize --stdio`: answers lines until the input ends. */
export async function optimizeOverStdio(input: Readable, output: Writable): Promise<number> {
  let session = newSession;
  for await (const line of createInterface({ input, crlfDelay: Infinity })) {
    if (line.trim() === '') continue;
    const turn = answerLine(session, line);
    session = turn.session;
    output.write(`${turn.line}\n`);
  }
  return 0;
}
