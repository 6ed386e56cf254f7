import type { Clock } from '../../src/base/clock.ts';
import { ok } from '../../src/base/failure.ts';
import { stream } from '../../src/base/random.ts';
import type { Advisor } from '../../src/engine/advisor.ts';

const model = { stage: 'initial', outcomes: [] } as const;

/** Points drawn evenly from the search space, after a while: as good as the optimizer for trying everything else. */
export function evenAdvisor(clock: Clock): Advisor {
  return {
    ask: ({ problem, options }, answer) => {
      const random = stream(options.seed, 'points');
      const suggestions = Array.from({ length: options.count }, () => ({
        point: Object.fromEntries(
          problem.parameters.map((parameter) => {
            switch (parameter.type) {
              case 'continuous':
                return [parameter.name, parameter.min + random.next() * (parameter.max - parameter.min)];
              case 'integer':
                return [parameter.name, parameter.min + random.integer(parameter.max - parameter.min + 1)];
              default:
                return [parameter.name, random.pick<number | string>(parameter.levels)];
            }
          }),
        ),
        reason: 'drawn evenly',
      }));
      clock.after(random.integer(2000), () => answer(ok({ suggestions, model })));
    },
    close: async () => undefined,
  };
}
