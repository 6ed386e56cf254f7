import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { decideAll, labwright, start, workplace } from './command-line.ts';

const short = [
  ['campaign.yaml', 'experiments: 24', 'experiments: 6'],
  ['campaign.yaml', 'size: 4', 'size: 2'],
] as const;

describe('labwright change', () => {
  test('reaches a running campaign, which goes on with it after SIGKILL and tells it in its report', async () => {
    const folder = workplace('colour-match', short);
    writeFileSync(join(folder, 'change.yaml'), 'space: { red: { min: 20 uL, max: 0.08 mL } }\nbatch: { size: 1 }\n');
    const controller = start(
      folder,
      'run',
      'campaign.yaml',
      '--port',
      '0',
      '--json',
      '--speed',
      '30',
      '--dir',
      'runs/kept',
    );
    await controller.says(/command\.accepted/);
    const refused = await labwright(folder, 'change', 'runs/kept', '--set', 'space.red.max=10 s');
    expect(refused.stderr).toMatch(/^space\.red\.max: "10 s" is measured in s, but a quantity in uL is needed here\./);
    expect(refused.code).toBe(2);
    const changed = await labwright(folder, 'change', '--file', 'change.yaml', '--set', 'budget.experiments=4');
    expect(changed).toMatchObject({ code: 0, stdout: 'The order has been taken.\n' });
    const text = 'red min 20 uL, red max 0.08 mL, batch size 1, budget experiments 4';
    const { stdout: status } = await labwright(folder, 'status', 'runs/kept', '--json');
    expect(JSON.parse(status)).toMatchObject({ budgetExperiments: 4, changes: [{ by: 'operator', text }] });
    controller.child.kill('SIGKILL');
    expect((await controller.ended).stdout).toContain('"type":"campaign.changed"');
    const resumed = start(folder, 'resume', 'runs/kept', '--json', '--port', '0');
    await decideAll(resumed, folder, 'runs/kept');
    const { code, stdout } = await resumed.ended;
    expect(code).toBe(0);
    const told = stdout.trimEnd().split('\n').at(-1)!;
    const { experiments } = JSON.parse(told) as { experiments: Record<string, number> };
    expect(Object.values(experiments).reduce((a, b) => a + b)).toBe(4);
    const [report, replay] = await Promise.all([labwright(folder, 'report'), labwright(folder, 'replay')]);
    expect(report.stdout).toMatch(new RegExp(`^Changed {7}\\d\\d:\\d\\d:\\d\\d by operator: ${text}$`, 'm'));
    expect(replay.code).toBe(0);
  });

  test.each([
    [['--file', 'bad.yaml'], /^bad\.yaml:2: "spce" is not known here\. Did you mean "space"\?\n$/],
    [['--file', 'none.yaml'], /^none\.yaml: There is no such file\./],
    [['--set', 'batch.size'], /^"batch\.size" sets nothing\. Write a path, "=" and a value/],
    [['--set', 'space.red={'], /^"space\.red=\{" sets nothing\./],
    [['--set', 'batch.size=0'], /^"batch\.size" cannot be used: Too small/],
    [['--set', 'objectives.distance.weigth=2'], /"objectives\.0\.weigth" is not known here\. Did you mean "weight"\?/],
    [[], /^Nothing is named that shall change\. Name it with --file or --set/],
    [['--set', 'batch.size=2'], /^There is no campaign in runs\/\./],
  ])('%j is told what is wrong with it', async (options, sentence) => {
    const folder = workplace();
    writeFileSync(join(folder, 'bad.yaml'), 'batch: { size: 3 }\nspce: {}\n');
    const { code, stderr } = await labwright(folder, 'change', ...options);
    expect(stderr).toMatch(sentence);
    expect(code).toBe(/runs/.test(stderr) ? 5 : 2);
  });
});
