import { closeSync, fstatSync, ftruncateSync, mkdirSync, openSync, readdirSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { failure, FailureError } from '../src/base/failure.ts';

/** What physically happened. Each line is true from the moment it is written, whatever any process believes. */
export type Happening =
  | { readonly kind: 'booted' }
  | { readonly kind: 'began'; readonly capability: string }
  | { readonly kind: 'finished' }
  /** Left its bottle, into a sample or through a reactor. m3, kg or pieces: the true amount and the one reported. */
  | {
      readonly kind: 'poured';
      readonly material: string;
      readonly amount: number;
      readonly reported: number;
      readonly sample?: string;
    }
  | { readonly kind: 'picked'; readonly sample: string }
  | { readonly kind: 'placed'; readonly sample: string; readonly place: string }
  | { readonly kind: 'removed'; readonly sample: string }
  /** What else was done to a sample, such as the temperature that it has seen. */
  | { readonly kind: 'treated'; readonly sample: string; readonly how: Readonly<Record<string, number>> }
  /** Draws `watt` from now on; has drawn `joules` until now. */
  | { readonly kind: 'power'; readonly watt: number; readonly joules: number }
  | { readonly kind: 'accident'; readonly message: string };

/** `device` is the instrument that did it, or "person"; `at` lab time in ms; `key` the command that made it do so. */
export type Effect = Happening & { readonly device: string; readonly at: number; readonly key?: string };

/** An append-only log per device. Every reader sees what every writer has done. */
export interface EffectsLog {
  append(effect: Effect): void;
  /** What this reader has not read before; of one device in its order, of several by time. */
  news(): readonly Effect[];
}

export function memoryEffects(): EffectsLog {
  let unread: Effect[] = [];
  return {
    append: (effect) => void unread.push(effect),
    news: () => {
      const news = unread;
      unread = [];
      return news;
    },
  };
}

/**
 * One JSON Lines file per device in a directory: instruments in different processes share one reality. A line is one
 * write, so a killed process leaves at most one torn line, which its successor cuts off: what was not written has not
 * happened.
 */
export function fileEffects(directory: string): EffectsLog {
  mkdirSync(directory, { recursive: true });
  const writers = new Map<string, number>();
  const offsets = new Map<string, number>();
  const append = (effect: Effect) => {
    const file = join(directory, `${effect.device}.jsonl`);
    const writer = writers.get(file) ?? openWhole(file);
    writers.set(file, writer);
    writeSync(writer, `${JSON.stringify(effect)}\n`);
  };
  const news = () => {
    const effects: Effect[] = [];
    for (const name of readdirSync(directory).sort()) {
      if (!name.endsWith('.jsonl')) continue;
      const { text, end } = readLines(join(directory, name), offsets.get(name) ?? 0);
      offsets.set(name, end);
      for (const line of text.split('\n')) if (line !== '') effects.push(readEffect(line, join(directory, name)));
    }
    return effects.sort((a, b) => a.at - b.at);
  };
  return { append, news };
}

function openWhole(file: string): number {
  const { end } = readLines(file, 0);
  const writer = openSync(file, 'a');
  ftruncateSync(writer, end);
  return writer;
}

/** Whole lines from an offset on, and where the last of them ends. */
function readLines(file: string, from: number): { text: string; end: number } {
  const reader = openSync(file, 'a+');
  try {
    const bytes = Buffer.alloc(Math.max(0, fstatSync(reader).size - from));
    const length = readSync(reader, bytes, 0, bytes.length, from);
    const end = bytes.subarray(0, length).lastIndexOf(10) + 1;
    return { text: bytes.toString('utf8', 0, end), end: from + end };
  } finally {
    closeSync(reader);
  }
}

function readEffect(line: string, file: string): Effect {
  try {
    return JSON.parse(line) as Effect;
  } catch {
    throw new FailureError(
      failure('ledger.corrupt', 'The record of what a simulated instrument has done cannot be read.', {
        where: file,
        mend: 'Move the folder of the simulation away and start it afresh.',
      }),
    );
  }
}
