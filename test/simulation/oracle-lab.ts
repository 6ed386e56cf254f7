import type { Effect } from '../../simulators/effects.ts';
import type { Entry } from './oracle-books.ts';
import type { Evidence, Violation } from './oracle.ts';

/** Commands act once, in the books' knowledge, not too many at a time, and what is said to be done is done. */
export function checkActs(evidence: Evidence, books: ReadonlyMap<string, Entry>): Violation[] {
  const { effects, acts, answers } = evidence;
  const found: Violation[] = [];
  const began = new Map<string, string[]>();
  const done = new Set<string>();
  for (const { kind, key, device } of effects) {
    if (key === undefined) continue;
    if (kind === 'began') began.set(key, [...(began.get(key) ?? []), device]);
    if (kind === 'finished') done.add(key);
  }
  for (const [key, devices] of began) {
    if (devices.length > 1)
      found.push({
        rule: 'a command acts at most once',
        sentence: `${key} was carried out by ${devices.join(' and ')}.`,
      });
    const entry = books.get(key);
    if (entry === undefined)
      found.push({ rule: 'nothing acts unknown', sentence: `${devices[0]} carried out ${key}, which no book knows.` });
    else if (entry.refused)
      found.push({
        rule: 'what is refused does not act',
        sentence: `${key} was refused and carried out all the same.`,
      });
  }
  for (const [key, entry] of books) {
    if (entry.outcome === 'ok' && !done.has(key))
      found.push({ rule: 'no false ok', sentence: `${key} is said to be done by its device and never was.` });
    if (entry.state === 'resolved' && entry.resolvedAs === 'happened' && answers.get(key)?.as !== 'happened')
      found.push({
        rule: 'only a person resolves',
        sentence: `${key} is said to have happened, and nobody has said it.`,
      });
  }
  return [...found, ...checkOverlap(evidence, acts)];
}

function checkOverlap({ definition }: Evidence, acts: Evidence['acts']): Violation[] {
  const found: Violation[] = [];
  for (const [id, device] of Object.entries(definition.lab.devices)) {
    const room = device.batch ? device.places : Math.min(device.concurrency, device.places);
    const turns = acts
      .filter((act) => act.device === id)
      .flatMap(({ startedAt, endedAt = Infinity }) => [[startedAt, 1] as const, [endedAt, -1] as const])
      .sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    let at = 0;
    for (const [time, change] of turns) {
      at += change;
      if (at <= room) continue;
      const sentence = `${id} works on ${at} commands at ${new Date(time).toISOString()}; it has room for ${room}.`;
      found.push({ rule: 'commands do not overlap', sentence });
      break;
    }
  }
  return found;
}

/** Folds where every sample is, and looks whether any place ever held more than it can. */
export function checkPlaces({ definition, effects }: Evidence): Violation[] {
  const { lab } = definition;
  const room = new Map<string, number>([
    ...Object.entries(lab.devices).map(([id, { places }]) => [id, places] as const),
    ...Object.entries(lab.racks).map(([id, { places }]) => [id, places] as const),
  ]);
  const at = new Map<string, string>();
  for (const effect of effects) {
    const to = placeAfter(effect);
    if (to === undefined) continue;
    if (effect.kind === 'removed') at.delete(to.sample);
    else at.set(to.sample, to.place);
    const there = [...at].filter(([, place]) => place === to.place).map(([sample]) => sample);
    if (there.length > (room.get(to.place) ?? Infinity))
      return [{ rule: 'places do not overflow', sentence: `${there.join(', ')} are at ${to.place} at once.` }];
  }
  return [];
}

function placeAfter(effect: Effect): { sample: string; place: string } | undefined {
  if (effect.kind === 'picked') return { sample: effect.sample, place: effect.device };
  if (effect.kind === 'placed') return { sample: effect.sample, place: effect.place };
  return effect.kind === 'removed' ? { sample: effect.sample, place: '' } : undefined;
}

/** Messages, a second both ways. */
const slackMs = 1_000;

/**
 * By experiment and step: waits that do not count any more, as the log says that they were missed, or the step comes out of its
 * turn or after a person's answer.
 */
function reportedWaits(events: Evidence['events']): ReadonlySet<string> {
  const reported = new Set<string>();
  const late = new Set<string>();
  for (const { type, data } of events) {
    if (type === 'experiment.late') {
      reported.add(`${data.experiment}/${data.step}`);
      late.add(data.experiment);
    }
    if (type !== 'command.intended' || data.command.kind === 'move') continue;
    // Tried again, it still is the step after the exception.
    const { experiment, step } = data.command;
    if (late.delete(experiment)) reported.add(`${experiment}/${step}`);
  }
  return reported;
}

/**
 * Between the end of a step and the start of the next lies at least its minimum and at most its maximum, as the
 * instruments did them; an experiment in which it was longer has not completed, or its log says what was done about it.
 */
export function checkWaits({ definition, events, effects }: Evidence): Violation[] {
  // Before the first step after a hold the shelf life counts, too.
  const steps = definition.protocol.stages.flatMap((stage, i) =>
    stage.steps.map((step, j) => ({
      ...step,
      shelfLife: j === 0 ? (definition.protocol.stages[i - 1]?.hold?.for ?? Infinity) : Infinity,
    })),
  );
  const completed = new Set<string>();
  const keys = new Map<string, { experiment: string; step: string }>();
  for (const event of events) {
    if (event.type === 'experiment.completed') completed.add(event.data.experiment);
    if (event.type !== 'command.intended' || event.data.command.kind === 'move') continue;
    const { key, experiment, step } = event.data.command;
    keys.set(key, { experiment, step });
  }
  const times = new Map<string, { began: number; finished: number }>();
  const began = new Map<string, number>();
  for (const { kind, key, at } of effects) {
    const command = key === undefined ? undefined : keys.get(key);
    if (command === undefined) continue;
    if (kind === 'began') began.set(key!, at);
    // Of a step that was tried again, what counts is the attempt that came to its end.
    if (kind === 'finished')
      times.set(`${command.experiment}/${command.step}`, { began: began.get(key!)!, finished: at });
  }
  const found: Violation[] = [];
  const reported = reportedWaits(events);
  for (const experiment of completed)
    for (const [i, step] of steps.entries()) {
      if (reported.has(`${experiment}/${step.id}`)) continue;
      const [before, now] = [times.get(`${experiment}/${steps[i - 1]?.id}`), times.get(`${experiment}/${step.id}`)];
      if (before === undefined || now === undefined) continue;
      const waited = now.began - before.finished;
      const { min = 0 } = step.wait ?? {};
      const max = Math.min(step.wait?.max ?? Infinity, step.shelfLife);
      if (waited < min * 1000 - 1)
        found.push({
          rule: 'minimum waits hold',
          sentence: `${experiment} waited ${waited} ms before ${step.id}, not ${min} s.`,
        });
      if (waited > max * 1000 + slackMs)
        found.push({
          rule: 'maximum waits hold or are reported',
          sentence: `${experiment} waited ${waited} ms before ${step.id}, more than ${max} s, and completed.`,
        });
    }
  return found;
}
