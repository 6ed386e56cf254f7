#!/usr/bin/env node
import { existsSync } from 'node:fs';

// In a checkout the sources run as they are; a published package has only what was built of them.
const [source, built] = ['./cli.ts', '../dist/src/cli.js'].map((path) => new URL(path, import.meta.url));
await import((existsSync(source) ? source : built).href);
