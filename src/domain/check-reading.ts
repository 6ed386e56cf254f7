import { failure, type Failure } from '../base/failure.ts';
import { namesIn } from './expression.ts';
import type { Loaded } from './load.ts';
import { nearest } from './nearest.ts';
import { expressionsOfStep } from './stages.ts';

/** Whether everything that an expression of the protocol reads is known by the time it is read. */
export function checkReading({ definition: { protocol }, locate }: Loaded): Failure[] {
  const steps = new Set(protocol.stages.flatMap((stage) => stage.steps.map(({ id }) => id)));
  const known = new Set([...Object.keys(protocol.parameters), ...Object.keys(protocol.constants), 'total']);
  const failures: Failure[] = [];
  const check = (reader: string, texts: readonly string[], path: PropertyKey[]) => {
    const unknown = new Set(texts.flatMap((text) => [...namesIn(text)]).filter((name) => !known.has(name)));
    for (const name of unknown) {
      const [why, mend] = steps.has(name)
        ? ['which is not measured before that: it would wait for ever', 'Read only results of earlier steps.']
        : ['which is no parameter, no constant and no step before it', nearest(name, [...known])];
      const where = locate.protocol(path);
      failures.push(failure('input.invalid', `"${reader}" reads "${name}", ${why}.`, { where, mend }));
    }
  };
  protocol.stages.forEach((stage, i) => {
    stage.steps.forEach((step, j) => {
      check(step.id, expressionsOfStep(step), ['stages', i, 'steps', j]);
      known.add(step.id);
    });
    for (const [name, text] of Object.entries(stage.observes)) check(name, [text], ['stages', i, 'observes', name]);
  });
  return failures;
}
