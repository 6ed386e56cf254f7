import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'test/**/*.test.tsx'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
    // Many tests start processes of their own, which need not compile the program again each.
    env: { NODE_COMPILE_CACHE: join(tmpdir(), 'labwright-compile-cache') },
  },
});
