import { expect, test } from 'vitest';
import { labwright, start, workplace } from './command-line.ts';

test('priorities and a pinned plan are ordered by the command line, and outlive SIGKILL', async () => {
  const folder = workplace('colour-match');
  // So slow that none of the experiments is over before the orders have been looked at.
  const options = ['--json', '--port', '0', '--speed', '4', '--dir', 'runs/kept'];
  const controller = start(folder, 'run', 'campaign.yaml', ...options);
  await controller.says(/command\.accepted/);
  const given = [
    await labwright(folder, 'prioritize', 'e-0004', '5'),
    await labwright(folder, 'prioritize', '3', '-2', '--dir', 'runs/kept'),
    await labwright(folder, 'order', 'pin'),
  ];
  for (const { code, stdout } of given) expect([code, stdout]).toEqual([0, 'The order has been taken.\n']);
  const unknown = await labwright(folder, 'prioritize', '99', '1');
  expect([unknown.code, unknown.stderr]).toEqual([
    2,
    'No open experiment is called e-0099. Those that are open are on the page.\n',
  ]);
  expect((await labwright(folder, 'prioritize', '1', '10')).stderr).toMatch(/It must be a whole number from -9 to 9\./);
  controller.child.kill('SIGKILL');
  await controller.ended;
  const { stdout: status } = await labwright(folder, 'status', 'runs/kept');
  expect(status).toMatch(/^Plan {10}pinned by operator since \d\d:\d\d:\d\d$/m);
  expect(status).toMatch(/^Priority {6}e-0003: -2$/m);
  const resumed = start(folder, 'resume', 'runs/kept', '--json', '--port', '0');
  await resumed.says(/controller\.started/);
  expect((await labwright(folder, 'order', 'unpin')).code).toBe(0);
  expect((await labwright(folder, 'order', 'unpin')).stderr).toMatch(/it is not pinned\./);
  const { stdout: json } = await labwright(folder, 'status', 'runs/kept', '--json');
  const { pinned, priorities } = JSON.parse(json) as { pinned?: object; priorities: readonly object[] };
  expect([pinned, priorities]).toEqual([undefined, expect.arrayContaining([{ experiment: 'e-0004', priority: 5 }])]);
  resumed.child.kill('SIGTERM');
  await resumed.ended;
});
