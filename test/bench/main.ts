import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';

/** npm run bench -- NAME [options]: every bench is a script of its own beside this one. */
const folder = import.meta.dirname;
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.ts') && file !== 'main.ts')
  .map((file) => file.slice(0, -3));
const [name, ...rest] = process.argv.slice(2);
if (name === undefined || !existsSync(join(folder, `${name}.ts`)) || !names.includes(name)) {
  process.stderr.write(`Which bench? ${names.join(', ')}\nExample: npm run bench -- engine --json engine.json\n`);
  process.exitCode = 1;
} else
  process.exitCode =
    spawnSync(process.execPath, [join(folder, `${name}.ts`), ...rest], { stdio: 'inherit' }).status ?? 1;
