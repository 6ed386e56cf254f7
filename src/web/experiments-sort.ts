import type { ExperimentView, LifeCycle } from '../server/contract.ts';
import { observed } from './decisions.ts';

export interface Sort {
  /** number, status, changed, parameter/NAME, proxy/NAME or objective/NAME. */
  readonly by: string;
  readonly descending: boolean;
}

export const lifeCycle: readonly LifeCycle[] = [
  'running',
  'indeterminate',
  'observed',
  'held',
  'planned',
  'suggested',
  'completed',
  'failed',
  'lost',
  'dropped',
  'cancelled',
];

/** Whatever has no value is last, however it is sorted. */
export function sortExperiments(experiments: readonly ExperimentView[], { by, descending }: Sort): ExperimentView[] {
  const keyed = experiments.map((experiment) => ({ experiment, key: keyOf(experiment, by) }));
  const sign = descending ? -1 : 1;
  keyed.sort((a, b) => {
    if (a.key === undefined || b.key === undefined)
      return Number(a.key === undefined) - Number(b.key === undefined) || b.experiment.number - a.experiment.number;
    const order = a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
    return sign * order || b.experiment.number - a.experiment.number;
  });
  return keyed.map(({ experiment }) => experiment);
}

function keyOf(experiment: ExperimentView, by: string): number | string | undefined {
  const [kind, name = ''] = by.split('/');
  switch (kind) {
    case 'status':
      return lifeCycle.indexOf(experiment.status);
    case 'changed':
      return experiment.changedAt;
    case 'parameter':
      return experiment.point[name];
    case 'proxy':
      return observed(experiment, name);
    case 'objective':
      return experiment.objectives?.[name];
    default:
      return experiment.number;
  }
}

/** A second click on the same column turns it round; numbers and times begin with the newest. */
export const nextSort = (sort: Sort, by: string): Sort =>
  sort.by === by ? { by, descending: !sort.descending } : { by, descending: by === 'number' || by === 'changed' };
