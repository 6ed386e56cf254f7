import { FailureError } from '../../base/failure.ts';
import { schemaViolation, type Capability, type DescriptorBody } from '../../domain/descriptor.ts';
import { durationOf } from '../../domain/resolve.ts';
import { Bench, hopeless, withoutPassword, type Place } from './bench.ts';
import { checks } from './checks.ts';
import type { Check, Restart, Trial } from './check.ts';
import { instanceOf } from './instance.ts';
import { revive } from './crash-scene.ts';
import { rest } from './moves.ts';

export interface CertifyOptions extends Place {
  readonly capability?: string;
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly restart?: Restart;
  /** Wall ms for everything; a minute and what the commands take when left out. */
  readonly limitMs?: number;
  /** Asked once, before the device is made to act. */
  readonly agree: (plan: Plan) => Promise<boolean>;
  readonly onVerdict?: (verdict: Verdict) => void;
  /** Ends the trial early; the device is left in order all the same. */
  readonly stop?: AbortSignal;
}

/** What the device will be made to do. */
export interface Plan extends Place {
  readonly model: string;
  readonly capability: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly typicalMs: number;
}

export interface Verdict {
  readonly check: string;
  readonly section: string;
  readonly says: string;
  readonly verdict: 'pass' | 'fail' | 'skip';
  /** What was seen, or why it was not tried. */
  readonly seen: string;
  readonly mend?: string;
  readonly ms: number;
}

export interface Report {
  readonly plan: Plan | undefined;
  readonly verdicts: readonly Verdict[];
  /** Whether there was time for every check. */
  readonly complete: boolean;
  readonly passed: boolean;
  readonly ms: number;
}

/** Runs the contract against a device. Undefined when `agree` said no. Rejects when there is nothing that can be tried. */
export async function certify(options: CertifyOptions): Promise<Report | undefined> {
  const { url, site, device } = options;
  const bench = await Bench.open({ url, site, device });
  const begun = Date.now();
  try {
    await bench.until(() => (bench.descriptor !== undefined && bench.state !== undefined ? true : undefined));
    const plan = bench.descriptor === undefined ? undefined : choose(bench, bench.descriptor, options);
    guard(bench);
    if (plan !== undefined && !(await options.agree(plan))) return undefined;
    bench.deadline = Date.now() + (options.limitMs ?? usualLimit(bench, options.restart));
    options.stop?.addEventListener('abort', () => bench.stop(), { once: true });
    bench.epoch = (bench.state?.epoch ?? 0) + 1;
    bench.announce();
    const verdicts = await tryAll({ bench, longestMs: longestOf(bench), restart: options.restart }, options.onVerdict);
    const complete = Date.now() < bench.deadline;
    const passed = complete && verdicts.every(({ verdict }) => verdict !== 'fail');
    return { plan, verdicts, complete, passed, ms: Date.now() - begun };
  } finally {
    await bench.close();
  }
}

/** A device that is in use, or was halted for a reason, is left alone. */
function guard({ place, state, otherController, heard }: Bench): void {
  if (!heard.some(({ topic }) => topic.includes('/dev/')))
    throw hopeless(
      `No device ${place.device} is known at site ${place.site} on ${withoutPassword(place.url)}.`,
      'Start it, or correct --site and --device.',
    );
  if (otherController !== undefined)
    throw hopeless(
      `The controller "${otherController}" is online at site ${place.site}, and would lose its device.`,
      'Stop its campaign, or try the device under a site of its own.',
    );
  const running = state?.running ?? [];
  if (state?.state === 'busy' && running.length > 0)
    throw hopeless(`${place.device} is at work on ${running.join(', ')}.`, 'Wait until it has ended.');
  if (state?.state === 'error' || state?.state === 'maintenance')
    throw hopeless(`${place.device} says ${state.state}.`, 'Find out why; then resume it, or start it again.');
}

function choose(bench: Bench, descriptor: DescriptorBody, options: CertifyOptions): Plan {
  const { capabilities, vendor, model } = descriptor;
  const named = capabilities.find(({ name }) => name === options.capability);
  if (options.capability !== undefined && named === undefined)
    throw hopeless(
      `There is no capability "${options.capability}".`,
      `Name one of ${capabilities.map(({ name }) => name).join(', ')}.`,
    );
  const made = (named === undefined ? capabilities : [named]).flatMap((capability) => {
    const parameters = options.parameters ?? instanceOf(capability.parameters);
    if (schemaViolation(capability.parameters, parameters) !== undefined) return [];
    return [{ capability, parameters: parameters as Record<string, unknown> }];
  });
  const [best] = made.sort((a, b) => ease(a.capability, a.parameters) - ease(b.capability, b.parameters));
  if (best === undefined)
    throw hopeless(
      'No parameters could be made that a capability accepts.',
      'Say which with --capability NAME and --parameters JSON.',
    );
  bench.subject = best;
  const { capability, parameters } = best;
  const typicalMs = durationMs(capability, parameters).typical;
  const place = { ...bench.place, url: withoutPassword(bench.place.url) };
  return { ...place, model: `${vendor} ${model}`, capability: capability.name, parameters, typicalMs };
}

/** A command of about two seconds that may be interrupted shows most, in a short time. */
function ease(capability: Capability, parameters: Readonly<Record<string, unknown>>): number {
  const seconds = durationMs(capability, parameters).typical / 1000;
  return Math.abs(Math.log((seconds + 0.01) / 2)) + (capability.interruptible ? 0 : 1);
}

function durationMs(capability: Capability, parameters: Readonly<Record<string, unknown>>) {
  const read = durationOf(capability, parameters);
  return read.ok ? read.value : { low: 0, typical: 0, high: 0 };
}

const graceMs = 5_000;
const minuteMs = 60_000;
const byHandMs = 15 * minuteMs;

/** Some commands are carried to their end, and more when they cannot be interrupted. */
function usualLimit({ subject }: Bench, restart: Restart | undefined): number {
  const high = subject === undefined ? 0 : durationMs(subject.capability, subject.parameters).high;
  return minuteMs + (subject?.capability.interruptible ? 3 : 10) * high + (restart?.byHand ? byHandMs : 0);
}

function longestOf({ subject }: Bench): number {
  if (subject === undefined) return graceMs;
  return 1.5 * durationMs(subject.capability, subject.parameters).high + graceMs;
}

async function tryAll(trial: Trial, onVerdict: CertifyOptions['onVerdict']): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const check of checks) {
    const begun = Date.now();
    const missing = check.needs?.find((id) => verdicts.find((verdict) => verdict.check === id)?.verdict !== 'pass');
    const found =
      missing === undefined
        ? await tryOne(trial, check)
        : { verdict: 'skip' as const, seen: `makes no sense without ${missing}` };
    const { id, section, says } = check;
    const verdict: Verdict = { check: id, section, says, ...found, ms: Date.now() - begun };
    verdicts.push(verdict);
    onVerdict?.(verdict);
  }
  return verdicts;
}

async function tryOne(trial: Trial, check: Check): Promise<Pick<Verdict, 'verdict' | 'seen' | 'mend'>> {
  const { bench } = trial;
  const inTime = () => Date.now() < bench.deadline;
  const late = {
    verdict: 'fail',
    seen: 'The time is up.',
    mend: 'Name a shorter command, or more time with --limit.',
  } as const;
  if (!inTime()) return { verdict: 'skip', seen: 'not tried: the time is up' };
  try {
    if (check.needs !== undefined && bench.state?.state === 'lost') {
      if (trial.restart === undefined) return { verdict: 'skip', seen: 'the device is lost' };
      await revive(trial, trial.restart);
    }
    if (check.needs?.includes('ack')) await rest(trial);
    const found = await check.try(trial);
    return 'seen' in found ? { verdict: 'pass', seen: found.seen } : { verdict: 'skip', seen: found.skipped };
  } catch (error) {
    if (!(error instanceof FailureError)) throw error;
    if (!inTime()) return late;
    const { message, mend } = error.failure;
    return { verdict: 'fail', seen: message, ...(mend === undefined ? {} : { mend }) };
  }
}
