import { describe, expect, test } from 'vitest';
import { reportOf, reportText } from '../../src/cli/report.ts';
import type { Campaign } from '../../src/domain/campaign.ts';
import { definitionOf, WholeLab } from './whole-lab.ts';

const at = (text: string): number => Date.parse(text);
const perKWh = (price: number): number => price / 3.6e6;

/** The colour lab, 8 experiments; its clock begins on Monday, 5 January 2026 at 08:00 UTC, when energy is dear until 10:00. */
function colourLab(schedule: Campaign['schedule'], batch: Partial<Campaign['batch']> = {}): WholeLab {
  const lab = new WholeLab(
    definitionOf('colour-match', ({ lab, campaign }) => {
      campaign.budget = { experiments: 8, materials: {} };
      if (schedule !== undefined) campaign.schedule = schedule;
      Object.assign(campaign.batch, batch);
      Object.assign(lab.tariff!, {
        hours: [{ from: '08:00', to: '10:00', price: perKWh(5.2), carbon: perKWh(4.7) }],
      });
    }),
  );
  lab.startController();
  return lab;
}

function ended(lab: WholeLab): WholeLab {
  expect(lab.run(48)).toBe(true);
  expect(lab.failures).toEqual([]);
  expect(lab.ledger.experiments().filter(({ status }) => status === 'completed')).toHaveLength(8);
  return lab;
}

/** When steps (no moves) were begun. */
const steps = (lab: WholeLab): number[] =>
  lab.events.flatMap((event) =>
    event.type === 'command.intended' && event.data.command.kind === 'process' ? [event.at] : [],
  );

describe('a campaign that says what its plans are to serve', () => {
  test('waits for cheap energy where that counts most, says so, and pays less', () => {
    const dear = ended(colourLab(undefined));
    expect(Math.min(...steps(dear))).toBeLessThan(at('2026-01-05T08:10Z'));

    const lab = colourLab({ minimize: ['energy_cost'] });
    lab.wait(20);
    const reasons = lab.engine.status().waiting.map(({ reason }) => reason);
    expect(reasons.join(' ')).toMatch(/e-0001 waits with \w+ for cheaper energy, which \w+ can have at 10:00\./);
    ended(lab);
    expect(steps(lab).every((time) => time >= at('2026-01-05T10:00Z'))).toBe(true);
    const cost = ({ ledger }: WholeLab) => ledger.totals().energyCost / ledger.totals().energy.joules;
    expect(cost(lab)).toBeLessThan(cost(dear));
  });

  test('waits for clean energy as well', () => {
    const lab = ended(colourLab({ minimize: ['energy_co2e', 'makespan'] }));
    expect(steps(lab).every((time) => time >= at('2026-01-05T10:00Z'))).toBe(true);
  });

  test('waits only for as long as its weights say that it is worth', () => {
    const weighted = (makespan: number) => ended(colourLab({ minimize: { energy_cost: 1, makespan } }));
    expect(Math.min(...steps(weighted(10)))).toBeLessThan(at('2026-01-05T08:10Z'));
    expect(Math.min(...steps(weighted(1e-6)))).toBeGreaterThanOrEqual(at('2026-01-05T10:00Z'));
  });

  test('goes on as before when its controller is killed while it waits', () => {
    const lab = colourLab({ minimize: ['energy_cost'] });
    lab.wait(30);
    lab.killController();
    lab.wait(5);
    lab.startController();
    ended(lab);
    expect(steps(lab).every((time) => time >= at('2026-01-05T10:00Z'))).toBe(true);
  });

  test('waits for cheap energy with a pinned plan, too, and after a restart', () => {
    const lab = colourLab({ minimize: ['energy_cost'] });
    lab.wait(10);
    expect(lab.engine.order({ op: 'pin' }, 'operator').ok).toBe(true);
    lab.wait(20);
    lab.killController();
    lab.startController();
    ended(lab);
    expect(steps(lab).every((time) => time >= at('2026-01-05T10:00Z'))).toBe(true);
  });

  test('is told how many experiments were late', () => {
    const reported = (due: number) => {
      const lab = ended(colourLab({ due }, { size: 8 }));
      const report = reportOf(lab.ledger)!;
      return { ...report.overdue!, text: reportText(report, lab.definition) };
    };
    expect(reported(86_400)).toMatchObject({ experiments: 0, worstMs: 0 });
    expect(reported(86_400).text).toContain('Due           every experiment within 1 d, and none was late');
    const late = reported(300);
    expect(late.experiments).toBeGreaterThan(3);
    expect(late.text).toMatch(/Due {11}every experiment within 5 min; \d took longer, by .* at most/);
  });
});
