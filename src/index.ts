/** What other programs may use: the optimizer, the contract for drivers, and the readers of the three files. */
export { suggest } from './optimizer/suggest.ts';
export {
  explainModel,
  type ModelExplanation,
  type OutcomeExplanation,
  type PointExplanation,
} from './optimizer/explain-model.ts';
export type {
  Datum,
  LinearConstraint,
  ModelReport,
  Objective,
  Parameter,
  Point,
  Prediction,
  Problem,
  SuggestAnswer,
  SuggestOptions,
  Suggestion,
} from './optimizer/problem.ts';
export { describeFailure, type Failure, type Result } from './base/failure.ts';
export { describe, type Capability, type Descriptor, type DescriptorBody } from './domain/descriptor.ts';
export type { Driver, DriverCommand, DriverOutcome, DriverReport } from './wire/driver.ts';
export { createDeviceHost, deviceWill, type DeviceHost } from './wire/host.ts';
export { openFileJournal } from './wire/file-journal.ts';
export { connectBus } from './wire/mqtt-bus.ts';
export { realClock } from './base/clock.ts';
