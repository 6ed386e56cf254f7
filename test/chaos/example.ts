import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const protocols = join(import.meta.dirname, '../../protocols');

/** Colour-match with as many experiments as asked for, enough of everything, and no other end than the last of them. */
export function writeExample(folder: string, experiments: number): void {
  cpSync(join(protocols, 'colour-match'), folder, { recursive: true });
  change(join(folder, 'campaign.yaml'), [
    [/experiments: \d+/, `experiments: ${experiments}`],
    [/\n {2}time: .*/, ''],
    [/\n {2}money: .*/, ''],
  ]);
  change(join(folder, 'lab.yaml'), [[/amount: [\d.]+ mL/g, 'amount: 2 L']]);
}

function change(path: string, edits: readonly (readonly [RegExp, string])[]): void {
  let text = readFileSync(path, 'utf8');
  for (const [find, replace] of edits) {
    if (text.search(find) === -1) throw new Error(`${path} has nothing like ${String(find)}`);
    text = text.replace(find, replace);
  }
  writeFileSync(path, text);
}
