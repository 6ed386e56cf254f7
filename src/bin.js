#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { enableCompileCache } from 'node:module';

// Half of what a short command takes would go into compiling the program again.
enableCompileCache();
// In a checkout the sources run as they are; a published package has only what was built of them.
const [source, built] = ['./cli.ts', '../dist/src/cli.js'].map((path) => new URL(path, import.meta.url));
await import((existsSync(source) ? source : built).href);
