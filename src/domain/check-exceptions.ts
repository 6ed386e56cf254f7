import { failure, type Failure } from '../base/failure.ts';
import { namesIn } from './expression.ts';
import type { Loaded } from './load.ts';
import { nearest } from './nearest.ts';
import type { Protocol, Stage, Step } from './protocol.ts';
import { expressionsOfStep, waitBefore } from './stages.ts';

type Problem = readonly [sentence: string, mend: string];
type Field = 'late' | 'overrun';

/** Whether what is to become of samples that miss a limit of time makes sense. */
export function checkExceptions({ definition: { protocol }, locate }: Loaded): Failure[] {
  return protocol.stages.flatMap((stage, i) =>
    stage.steps.flatMap((step, j) =>
      (['late', 'overrun'] as const).flatMap((field) => {
        if (step[field] === undefined) return [];
        const limitless = field === 'late' && waitBefore(protocol, i, j).max === undefined;
        const problems = [...(limitless ? [withoutLimit(step)] : []), ...problemsWith(protocol, stage, j, field)];
        const where = locate.protocol(['stages', i, 'steps', j, field]);
        return problems.map(([sentence, mend]) => failure('input.invalid', sentence, { where, mend }));
      }),
    ),
  );
}

const withoutLimit = ({ id }: Step): Problem => [
  `"${id}" says what becomes of a sample that is late, but has no maximum wait.`,
  'Add "wait: { max: ... }", or leave "late" out.',
];

/** What is wrong with the step to go on with. */
function problemsWith({ stages }: Protocol, { id: stage, steps }: Stage, j: number, field: Field): Problem[] {
  const step = steps[j]!;
  const then = step[field]!;
  if (then === 'discard' || then === 'ask') return [];
  const later = steps.slice(j + 1).map(({ id }) => id);
  const choices = ['discard', 'ask', ...later];
  if (!stages.some((other) => other.steps.some(({ id }) => id === then)))
    return [[`There is no step "${then}" to go on with.`, nearest(then, choices)]];
  const place = steps.findIndex(({ id }, k) => k > j && id === then);
  if (place >= 0) return missingResults(steps, field === 'late' ? j : j + 1, place);
  const sentence = `After "${step.id}" a sample cannot go on with "${then}", which is no later step of the stage "${stage}".`;
  return [[sentence, `Write one of: ${choices.join(', ')}.`]];
}

/** Steps from `place` on that read results of those from `from` on, which are left out. */
function missingResults(steps: readonly Step[], from: number, place: number): Problem[] {
  const omitted = new Set<string>(steps.slice(from, place).map(({ id }) => id));
  return steps.slice(place).flatMap((reader): Problem[] => {
    const read = expressionsOfStep(reader).flatMap((text) => [...namesIn(text)].filter((name) => omitted.has(name)));
    if (read.length === 0) return [];
    const sentence = `"${reader.id}" reads "${read[0]}", which is left out where a sample goes on with "${steps[place]!.id}".`;
    return [[sentence, 'Go on with an earlier step, or let it read what every sample has.']];
  });
}
