import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonical, digest } from '../../src/base/canonical.ts';
import { realClock, VirtualClock } from '../../src/base/clock.ts';
import { describeFailure, failure, failureCodes } from '../../src/base/failure.ts';
import { stream } from '../../src/base/random.ts';

describe('the virtual clock', () => {
  test('fires timers by time, then in the order in which they were set', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -5, max: 50 }), { maxLength: 60 }), (delays) => {
        const clock = new VirtualClock(1000);
        const fired: { at: number; index: number }[] = [];
        delays.forEach((delay, index) => clock.after(delay, () => fired.push({ at: clock.now(), index })));
        clock.run();
        const expected = delays
          .map((delay, index) => ({ at: 1000 + Math.max(0, delay), index }))
          .sort((a, b) => a.at - b.at || a.index - b.index);
        expect(fired).toEqual(expected);
      }),
    );
  });

  test('never fires a cancelled timer, and stops at a limit', () => {
    const clock = new VirtualClock(0);
    const fired: string[] = [];
    clock.after(10, () => fired.push('cancelled')).cancel();
    clock.after(20, () => fired.push('in time'));
    clock.after(40, () => fired.push('too late'));
    expect(clock.run(() => false, 30)).toBe(false);
    expect(fired).toEqual(['in time']);
    expect(clock.now()).toBe(20);
  });
});

describe('the real clock', () => {
  test('runs as many times faster as it is told to', async () => {
    const clock = realClock({ speed: 1000, origin: 5_000_000 });
    const begun = clock.now();
    expect(begun).toBeGreaterThanOrEqual(5_000_000);
    await new Promise<void>((resolve) => clock.after(20_000, resolve));
    expect(clock.now() - begun).toBeGreaterThanOrEqual(20_000);
    expect(clock.networkMs(250)).toBe(250_000);
  });

  test('keeps the lab time of its timers when its pace is set anew', async () => {
    const clock = realClock();
    const fired = new Promise<number>((resolve) => clock.after(3_600_000, () => resolve(clock.now())));
    const due = clock.now() + 3_600_000;
    clock.adjust({ origin: clock.now(), anchor: clock.now(), speed: 1_000_000 });
    expect(await fired).toBeGreaterThanOrEqual(due - 1);
  });
});

describe('random streams', () => {
  test('of one seed and name are equal, of another name independent', () => {
    const draw = (name: string) =>
      Array.from({ length: 8 }, () => 0).map(
        (
          (s) => () =>
            s.next()
        )(stream(7, name)),
      );
    expect(draw('a')).toEqual(draw('a'));
    expect(draw('a')).not.toEqual(draw('b'));
  });

  test('are uniform and normal to what 20,000 draws can tell', () => {
    const s = stream(1, 'moments');
    const n = 20_000;
    const uniform = Array.from({ length: n }, () => s.next());
    const normal = Array.from({ length: n }, () => s.normal());
    const mean = (xs: number[]) => xs.reduce((a, b) => a + b, 0) / xs.length;
    const variance = (xs: number[]) => mean(xs.map((x) => (x - mean(xs)) ** 2));
    expect(Math.abs(mean(uniform) - 0.5)).toBeLessThan(0.01);
    expect(Math.abs(mean(uniform.map((u) => (u - 0.5) ** 2)) - 1 / 12)).toBeLessThan(0.003);
    expect(Math.abs(mean(normal))).toBeLessThan(0.03);
    expect(Math.abs(mean(normal.map((x) => x * x)) - 1)).toBeLessThan(0.05);
    expect(Math.max(...uniform)).toBeLessThan(1);
    expect(variance(uniform.slice(0, 500))).toBeGreaterThan(0.07);
  });
});

test('canonical JSON does not depend on the order of members', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const shuffled = JSON.parse(JSON.stringify(value), (_, inner: unknown) =>
        inner !== null && typeof inner === 'object' && !Array.isArray(inner)
          ? Object.fromEntries(Object.entries(inner).reverse())
          : inner,
      ) as unknown;
      expect(canonical(shuffled)).toBe(canonical(JSON.parse(JSON.stringify(value))));
      expect(JSON.parse(canonical(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
  expect(digest({ a: 1, b: [2] })).toMatch(/^[0-9a-f]{32}$/);
});

test('every failure code has an exit code of its own kind', () => {
  for (const code of Object.values(failureCodes)) expect(code).toBeGreaterThan(1);
  expect(describeFailure(failure('unit.invalid', 'It is wrong.', { where: 'lab.yaml:3', mend: 'Mend it.' }))).toBe(
    'lab.yaml:3: It is wrong. Mend it.',
  );
});
