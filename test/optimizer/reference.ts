import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Training } from '../../src/optimizer/likelihood.ts';
import { compileSpace } from '../../src/optimizer/space.ts';

const folder = new URL('../../../shared/', import.meta.url);

/** A file of figures computed elsewhere; undefined where the folder beside the repository is absent. */
export function readText(name: string): string | undefined {
  const path = fileURLToPath(new URL(name, folder));
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

export function readReference<T>(name: string): T | undefined {
  const text = readText(name);
  return text === undefined ? undefined : (JSON.parse(text) as T);
}

export interface ModelParameters {
  readonly lengthscale: number[];
  readonly outputscale: number;
  readonly noise: number;
  readonly mean: number;
}

export interface ReferenceModel {
  readonly task: string;
  readonly n: number;
  readonly kernel: string;
  readonly x: number[][];
  readonly y: number[];
  readonly initial: { readonly params: ModelParameters; readonly mll_per_n: number };
  readonly fitted: { readonly params: ModelParameters; readonly mll_per_n: number };
  readonly test_x: number[][];
  readonly mean: number[];
  readonly sd: number[];
  readonly best_f: number;
  readonly log_ei: number[];
  readonly qlognei_16384: number[];
}

export interface GpReference {
  readonly log_ei_helper: [number, number][];
  readonly models: ReferenceModel[];
}

export const unitSpace = (dimensions: number) =>
  compileSpace({
    parameters: Array.from({ length: dimensions }, (_, j) => ({ name: `u${j}`, type: 'continuous', min: 0, max: 1 })),
    constraints: [],
    objectives: [{ name: 'y', goal: 'maximize' }],
  });

/** Standardised training data with learned noise, and the standardisation. */
export function trainingOf(x: number[][], y: number[]): { training: Training; offset: number; scale: number } {
  const offset = y.reduce((sum, value) => sum + value, 0) / y.length;
  const scale = Math.sqrt(y.reduce((sum, value) => sum + (value - offset) ** 2, 0) / (y.length - 1));
  const training = {
    space: unitSpace(x[0]!.length),
    points: x.map((row) => Float64Array.from(row)),
    y: Float64Array.from(y, (value) => (value - offset) / scale),
    noise: new Float64Array(y.length).fill(NaN),
  };
  return { training, offset, scale };
}
