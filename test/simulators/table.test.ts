import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { nearestDesign, readTable } from '../../simulators/table-instrument.ts';
import { rig } from './rig.ts';

const folder = mkdtempSync(join(tmpdir(), 'labwright-table-'));
afterAll(() => rmSync(folder, { recursive: true }));

const text = 'a,b,y\n0,10,1\n0,10,2\n0,10,3\n1,10,50\n1,30,70\n';
const csv = join(folder, 'table.csv');
writeFileSync(csv, text);

const bench = (options: Record<string, unknown> = {}) => ({
  devices: {
    tester: {
      kind: 'table-instrument',
      options: { csv, parameters: { a: {}, b: {} }, results: { y: '1' }, max_distance: 0.3, ...options },
    },
  },
});

describe('the table instrument', () => {
  it('answers with a replicate of the nearest design, drawn at random', () => {
    const lab = rig(bench());
    const values = Array.from({ length: 30 }, (_, i) => {
      const end = lab.run('tester', `k${i}`, 'measure', { sample: `s${i}`, a: 0.1, b: 12 });
      expect(end?.result?.['distance']).toBeCloseTo(Math.hypot(0.1, 0.1), 12);
      return end!.result!['y'] as number;
    });
    expect([...new Set(values)].sort()).toEqual([1, 2, 3]);
    expect(lab.run('tester', 'k-other', 'measure', { sample: 's', a: 1, b: 30 })?.result?.['y']).toBe(70);
  });

  it('gives the same answers for the same seed, whatever was done to others before, and under whichever keys', () => {
    const answers = (seed: number, before: number) => {
      const lab = rig(bench(), { seed });
      for (let i = 0; i < before; i++) lab.run('tester', `b${i}`, 'measure', { sample: 'other', a: 1, b: 10 });
      return Array.from(
        { length: 8 },
        (_, i) => lab.run('tester', `k${seed}-${before}-${i}`, 'measure', { sample: 's', a: 0, b: 10 })!.result,
      );
    };
    expect(answers(5, 0)).toEqual(answers(5, 3));
    expect(answers(5, 0)).not.toEqual(answers(6, 0));
  });

  it('refuses a design that is too far from all that were measured, and names the nearest', () => {
    const nack = rig(bench()).run('tester', 'k', 'measure', { sample: 's', a: 0, b: 30 });
    expect(nack).toMatchObject({ kind: 'nack', code: 'E_BAD_PARAMETERS' });
    expect((nack as unknown as { message: string }).message).toContain('1.000 away, more than 0.3');
  });

  it('says in one sentence which table is missing, and how to mend it', () => {
    expect(() => rig(bench({ csv: join(folder, 'none.csv') }))).toThrow(
      /^The table of measurements .*none\.csv is not there or cannot be read\. Set the option "csv"/,
    );
  });

  it('names the column that is not there and the row that has no number', () => {
    expect(() => rig(bench({ results: { z: '1' } }))).toThrow(/table\.csv:1: The table has no column "z".*a, b, y/);
    expect(() => readTable('a,y\n1,2\n3,\n', ['a'], ['y'], 't.csv')).toThrow(/t\.csv:3/);
  });

  it('scales every column to its range, and a constant one to nothing', () => {
    const table = readTable('a,c,y\n0,5,1\n10,5,2\n', ['a', 'c'], ['y'], 't.csv');
    expect(nearestDesign(table, [6, 5])).toMatchObject({ distance: 0.4, design: { at: [10, 5] } });
  });
});
