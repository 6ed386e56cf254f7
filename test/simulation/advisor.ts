import type { Clock } from '../../src/base/clock.ts';
import { ok } from '../../src/base/failure.ts';
import { stream, type Stream } from '../../src/base/random.ts';
import type { Advice, Advisor, Question } from '../../src/engine/advisor.ts';
import type { StagedQuestion } from '../../src/engine/staging.ts';
import type { Parameter } from '../../src/optimizer/problem.ts';

/** Points drawn evenly from the search space, after a while: as good as the optimizer for trying everything else. */
export function evenAdvisor(clock: Clock): Advisor {
  return {
    ask: (question, answer) => {
      const random = stream(question.options.seed, 'points');
      const advice = adviceOn(question, random);
      clock.after(random.integer(2000), () => answer(ok(advice)));
    },
    close: async () => undefined,
  };
}

function adviceOn(question: Question, random: Stream): Advice {
  if ('rows' in question) return stagedAdvice(question, random);
  const { problem, options } = question;
  const suggestions = Array.from({ length: options.count }, () => ({
    point: pointIn(problem.parameters, random),
    reason: 'drawn evenly',
  }));
  return { suggestions };
}

/** Held samples go on, are dropped, or wait for the next time; the rest are new ones. */
function stagedAdvice({ problem, rows, pending, options }: StagedQuestion, random: Stream): Advice {
  const { count, starts = Infinity } = options;
  const running = new Set(pending.map(({ sample }) => sample));
  const suggestions: Advice['suggestions'][number][] = [];
  const drops: NonNullable<Advice['drops']>[number][] = [];
  const held = rows.filter(({ sample, closed }) => closed !== true && !running.has(sample));
  for (const { sample, stages } of held) {
    const next = problem.stages.find(({ id }) => stages[id] === undefined)!;
    const { id: stage, space } = next;
    const experiment = sample as (typeof drops)[number]['experiment'];
    const chance = random.next();
    if (chance < 0.25) drops.push({ experiment, reason: 'by chance' });
    else if (suggestions.length < count && (chance < 0.8 || starts < 1))
      suggestions.push({ point: pointIn(space.parameters, random), reason: 'by chance', stage, resumes: experiment });
  }
  const begun = Math.min(count - suggestions.length, starts);
  const [first] = problem.stages;
  for (let i = 0; i < begun; i++)
    suggestions.push({ point: pointIn(first!.space.parameters, random), reason: 'drawn evenly', stage: first!.id });
  return { suggestions, ...(drops.length === 0 ? {} : { drops }) };
}

const pointIn = (parameters: readonly Parameter[], random: Stream): Record<string, number | string> =>
  Object.fromEntries(
    parameters.map((parameter) => {
      switch (parameter.type) {
        case 'continuous':
          return [parameter.name, parameter.min + random.next() * (parameter.max - parameter.min)];
        case 'integer':
          return [parameter.name, parameter.min + random.integer(parameter.max - parameter.min + 1)];
        default:
          return [parameter.name, random.pick<number | string>(parameter.levels)];
      }
    }),
  );
