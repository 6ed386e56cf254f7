import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stream } from '../../src/base/random.ts';
import { agree, bandOf, disagreement, learn, vouchingRuns, type Experience } from '../../src/domain/durations.ts';

const declared = { low: 95_000, typical: 100_000, high: 108_000 };

const after = (actuals: readonly number[], batches: readonly string[] = []): Experience | undefined =>
  actuals.reduce<Experience | undefined>(
    (known, actual, i) => learn(known, { declared, actual, batch: batches[i] }),
    undefined,
  );

describe('the band to expect', () => {
  test('is as declared while nothing is known, and its bounds stay while runs end within them', () => {
    expect(bandOf(declared, undefined)).toEqual(declared);
    const { low, high } = bandOf(declared, after([97_000, 104_000, 101_000]));
    expect([low, high]).toEqual([95_000, 108_000]);
  });

  test('is wider at once when a run has ended outside, and what is typical follows the sooner the narrower it was', () => {
    const band = bandOf(declared, after([125_000]));
    expect(band).toEqual({ low: 95_000, typical: 124_150, high: 135_000 });
    const wide = { low: 20_000, typical: 100_000, high: 200_000 };
    const known = learn(undefined, { declared: wide, actual: 240_000 });
    expect(bandOf(wide, known).typical).toBe(118_065);
    // One that holds is believed more.
    expect(bandOf(declared, after(Array<number>(15).fill(105_000))).typical).toBe(103_125);
  });

  test('is the declared one, whatever the runs are, until what is typical is off by more than can be chance', () => {
    expect(bandOf(declared, after([105_000]))).toBe(declared);
    const random = stream(1, 'even');
    const even = { low: 92_000, typical: 100_000, high: 108_000 };
    let known: Experience | undefined;
    let corrected = 0;
    for (let i = 0; i < 400; i++) {
      known = learn(known, { declared: even, actual: even.low + random.next() * (even.high - even.low) });
      if (bandOf(even, known) !== even) corrected += 1;
    }
    expect(corrected).toBeLessThan(4);
  });

  test('agrees with another where nothing is corrected otherwise', () => {
    const of = (...runs: number[]) => new Map([['a', after(runs)!]]);
    expect(agree(new Map(), of(101_000))).toBe(true);
    expect(agree(of(101_000), of(101_000, 99_000))).toBe(true);
    expect(agree(of(101_000), of(101_000, 125_000))).toBe(false);
    expect(agree(of(125_000), new Map())).toBe(false);
    expect(agree(new Map(), of(125_000))).toBe(false);
  });

  test('holds every run that has been seen, by ratio', () => {
    const actual = fc.integer({ min: 20_000, max: 400_000 });
    fc.assert(
      fc.property(fc.array(actual, { minLength: 1, maxLength: 60 }), (actuals) => {
        const { low, typical, high } = bandOf(declared, after(actuals));
        expect(low).toBeLessThanOrEqual(Math.min(declared.low, ...actuals));
        expect(high).toBeGreaterThanOrEqual(Math.max(declared.high, ...actuals));
        expect(typical).toBeGreaterThanOrEqual(low);
        expect(typical).toBeLessThanOrEqual(high);
      }),
    );
  });

  test('is narrower than declared only when as many runs vouch for it as a tolerance interval asks for', () => {
    expect(1 - 0.995 ** vouchingRuns).toBeGreaterThan(0.95);
    const runs = Array.from({ length: vouchingRuns }, (_, i) => 99_000 + (i % 20) * 100);
    expect(bandOf(declared, after(runs)).high).toBe(108_000);
    expect(bandOf(declared, after([...runs, 99_000]))).toMatchObject({ low: 99_000, high: 100_900 });
    // What comes later counts at once.
    expect(bandOf(declared, after([...runs, 112_000])).high).toBe(112_000);
  });

  test('forgets what was long ago, and stays small', () => {
    const calm = Array<number>(2 * vouchingRuns + 1).fill(100_000);
    const known = after([300_000, ...calm])!;
    expect(bandOf(declared, known).high).toBe(100_000);
    expect(JSON.stringify(known).length).toBeLessThan(500);
  });

  test('members of one run of a batch count once', () => {
    const known = after([125_000, 125_000, 125_000, 126_000], ['b1', 'b1', 'b1', 'b2']);
    expect(known).toMatchObject({ runs: 2, recent: [1.25, 1.26] });
  });

  test('is learned by ratio, so that durations which depend on parameters learn from each other', () => {
    const known = learn(after([125_000]), { declared: { low: 950, typical: 1000, high: 1080 }, actual: 1250 });
    expect(known).toMatchObject({ runs: 2, fixed: false, recent: [1.25, 1.25] });
    expect(bandOf({ low: 9500, typical: 10_000, high: 10_800 }, known)).toMatchObject({ low: 9500, high: 13_500 });
  });
});

describe('what is said of a declaration', () => {
  const key = 'furnace anneal';

  test('nothing while it holds within a tenth', () => {
    expect(disagreement(key, after([101_000, 112_000])!)).toBeUndefined();
  });

  test('both, and by how many runs, when it does not', () => {
    const told = 'anneal on furnace: declared 1 min 35 s to 1 min 48 s, has taken 2 min 1 s to 2 min 10 s (3 runs)';
    expect(disagreement(key, after([121_000, 130_000, 125_000])!)).toBe(told);
  });

  test('times the typical one where what is declared depends on parameters', () => {
    const known = learn(after([125_000]), { declared: { low: 950, typical: 1000, high: 1080 }, actual: 1300 })!;
    const told = 'way from a to b: has taken 1.25 to 1.30 times what is declared as typical (2 runs)';
    expect(disagreement('way a b', known)).toBe(told);
  });
});
