import { describe, expect, it } from 'vitest';
import type { IndeterminateView } from '../../src/server/contract.ts';
import {
  amount,
  clock,
  co2e,
  duration,
  figure,
  moment,
  money,
  precise,
  watts,
  withUnit,
} from '../../src/web/format.ts';
import { consequence } from '../../src/web/person.tsx';
import { mayOrder, orderTexts } from '../../src/web/order-texts.ts';

describe('figures', () => {
  it.each([
    [0, '0'],
    [5, '5'],
    [0.1 + 0.2, '0.3'],
    [-12.3456, '−12.35'],
    [1234567, '1.235e6'],
    [0.00001234, '1.234e-5'],
    [NaN, '–'],
  ])('%d is %s', (value, text) => expect(figure(value)).toBe(text));

  it('keep their digits in columns', () => {
    expect([11, 5.66, 9.947, 0, 123456].map((value) => precise(value))).toEqual([
      '11.00',
      '5.660',
      '9.947',
      '0',
      '123456',
    ]);
  });
});

describe('amounts', () => {
  it.each([
    [2.5e-5, 'm3', '25 mL'],
    [86e-9, 'm3', '86 uL'],
    [1e-3, 'm3', '1 L'],
    [0, 'm3', '0 uL'],
    [0.005, 'kg', '5 g'],
    [3e-6, 'kg', '3 mg'],
    [96, '1', '96'],
    [3600, 'J', '1 Wh'],
    [7.2e6, 'J', '2 kWh'],
  ])('%d %s is %s', (value, unit, text) => expect(amount(value, unit)).toBe(text));

  it('side by side are in the same unit', () => {
    expect(amount(5e-7, 'm3', 1e-5)).toBe('0.5 mL');
  });

  it('are written as the campaign writes them', () => {
    expect(withUnit(80, 'degC')).toBe('80 °C');
    expect(withUnit('ethanol', '')).toBe('ethanol');
    expect(money(3.091, 'EUR')).toBe('3.09 EUR');
    expect([co2e(0.026), co2e(2)]).toEqual(['26 g', '2 kg']);
    expect([watts(45), watts(1500)]).toEqual(['45 W', '1.5 kW']);
  });
});

describe('times', () => {
  it.each([
    [0, '0 s'],
    [42_400, '42 s'],
    [60_000, '1 min'],
    [200_000, '3 min 20 s'],
    [7_500_000, '2 h 05 min'],
    [7_200_000, '2 h'],
    [300_000_000, '3 d 11 h'],
  ])('%d ms is %s', (ms, text) => expect(duration(ms)).toBe(text));

  it('carry the day when it is another', () => {
    const at = new Date(2026, 0, 5, 8, 1, 2).getTime();
    expect(clock(at)).toBe('08:01:02');
    expect(moment(at, at)).toBe('08:01');
    expect(moment(at, at + 86_400_000)).toBe('5 Jan, 08:01');
  });
});

describe('orders', () => {
  it('are possible only where they make sense', () => {
    const campaign = (state: 'running' | 'paused' | 'finished') => ({ state }) as never;
    expect(mayOrder('pause', campaign('running'))).toBe(true);
    expect(mayOrder('resume', campaign('running'))).toBe(false);
    expect(mayOrder('resume', campaign('paused'))).toBe(true);
    expect(mayOrder('halt', campaign('finished'))).toBe(false);
    expect(mayOrder('halt', undefined)).toBe(false);
  });

  it('say what they will do', () => {
    const counts = { running: 3, planned: 1, suggested: 0, observed: 0, held: 0, indeterminate: 1 };
    const texts = Object.fromEntries(orderTexts({ counts } as never).map((text) => [text.op, text.consequence]));
    expect(texts['stop']).toContain('What runs (4 experiments) is carried to its end');
    expect(texts['abort']).toContain('the samples of 5 unfinished experiments are discarded');
  });

  it('say what becomes of held samples', () => {
    const counts = { running: 2, planned: 0, suggested: 0, observed: 0, held: 3, indeterminate: 0 };
    const texts = Object.fromEntries(orderTexts({ counts } as never, true).map((text) => [text.op, text.consequence]));
    expect(texts['stop']).toBe(
      'No new experiment begins. What runs (2 experiments) is carried to its end, or to where it would wait for a ' +
        'decision, and all results are kept. 3 held samples will be dropped.',
    );
    expect(texts['pause']).toContain('The shelf life of held samples goes on.');
    expect(texts['abort']).toContain('the samples of 5 unfinished experiments');
  });
});

it('spells out what the books will say in each reading', () => {
  const cyan = { name: 'Cyan dye', amount: 8.6e-8, unit: 'm3' } as const;
  const question = {
    readings: {
      happened: { books: [cyan, { ...cyan, name: 'Water', amount: 1e-6 }], follows: 'It goes on.' },
      not_happened: { books: [], follows: 'It is done again.' },
      discard: { books: [cyan], follows: 'It is lost.' },
    },
  } as unknown as IndeterminateView;
  expect(consequence(question, 'happened')).toBe('86 uL of Cyan dye and 1 mL of Water are booked as used. It goes on.');
  expect(consequence(question, 'not_happened')).toBe('Nothing is booked as used. It is done again.');
  expect(consequence(question, 'discard')).toBe('86 uL of Cyan dye is booked as used. It is lost.');
});
