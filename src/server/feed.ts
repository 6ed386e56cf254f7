import type { LabEvent } from '../domain/event.ts';
import type { LogLine } from './contract.ts';
import { logLine } from './read-model/log.ts';
import { applyEvent, createModel, type Model } from './read-model.ts';
import type { LabSource } from './source.ts';

/**
 * Keeps a read model up to the ledger: reads the past in pieces, between which the engine gets its turn, then follows
 * what is appended. Events that come while the past is being read are left to that reading.
 */
export interface Feed {
  readonly model: Model;
  /** True when the model holds all that was appended. */
  readonly live: boolean;
  lines(before: number, limit: number): readonly LogLine[];
  close(): void;
}

/** Small enough that the engine waits a few milliseconds at most. */
const piece = 500;

export function openFeed(source: LabSource, changed: () => void): Feed {
  const model = createModel();
  let live = false;
  let next: NodeJS.Immediate | undefined;

  const readOn = () => {
    next = undefined;
    let count = 0;
    for (const event of source.history(model.seq)) {
      follow(event);
      if (++count === piece) break;
    }
    live = count < piece;
    if (!live) next = setImmediate(readOn);
    changed();
  };
  /** False when events in between are missing. */
  const follow = (event: LabEvent): boolean => {
    if (event.seq === model.seq + 1) applyEvent(model, event);
    return event.seq <= model.seq;
  };
  const unsubscribe = source.subscribe((events) => {
    if (!live) return;
    live = events.every(follow);
    if (!live) next ??= setImmediate(readOn);
    changed();
  });
  next = setImmediate(readOn);
  return {
    model,
    get live() {
      return live;
    },
    lines(before, limit) {
      const lines: LogLine[] = [];
      for (const event of source.history(Math.max(0, before - 1 - limit))) {
        if (event.seq >= before || lines.length === limit) break;
        lines.push(logLine(model, event));
      }
      return lines;
    },
    close() {
      unsubscribe();
      clearImmediate(next);
    },
  };
}
