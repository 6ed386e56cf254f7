import { describe, expect, it } from 'vitest';
import { stream } from '../../src/base/random.ts';
import { Calendar } from '../../src/scheduling/calendar.ts';

describe('calendar', () => {
  it('says the same whether all is added before the first question or one after the other', () => {
    for (let seed = 0; seed < 50; seed++) {
      const random = stream(seed, 'calendar');
      const [together, single] = [new Calendar(), new Calendar()];
      for (let round = 0; round < 3; round++) {
        for (let i = 0; i < 40; i++) {
          const from = random.integer(60);
          const to = random.chance(0.1) ? Infinity : from + random.integer(20);
          const amount = random.chance(0.7) ? 1 : -1;
          together.add(from, to, amount);
          single.add(from, to, amount);
          single.freeUntil(0, 1);
        }
        for (const limit of [-1, 0, 1, 2, 5]) {
          expect(together.stretches(3, limit)).toEqual(single.stretches(3, limit));
          expect(together.fit(7, 4, limit)).toBe(single.fit(7, 4, limit));
        }
      }
    }
  });

  it('finds nothing later than asked for', () => {
    const calendar = new Calendar();
    calendar.add(0, 10, 1);
    calendar.add(14, 20, 1);
    expect(calendar.fit(0, 3, 1, 10)).toBe(10);
    expect(calendar.fit(0, 3, 1, 9)).toBe(Infinity);
    expect(calendar.fit(0, 5, 1, 19)).toBe(Infinity);
    expect(calendar.fit(0, 5, 1, 20)).toBe(20);
    expect(calendar.fit(11, 2, 1, 10)).toBe(Infinity);
  });
});
