import { readLinked } from './check-links.ts';
import type { Assignment, Resource, SampleTask, SchedulingProblem, StepTask } from './model.ts';

/** A place held from `from` until `until`; `given` when the sample is there already and the plan has no choice. */
export interface Held {
  readonly sample: string;
  readonly resource: string;
  readonly from: number;
  readonly until: number;
  readonly given: boolean;
}

/** A move that passes the door of a place during [from, until). */
export interface Passage {
  readonly sample: string;
  readonly resource: string;
  readonly from: number;
  readonly until: number;
  readonly given: boolean;
}

/** What the assignments of one sample mean for everything that is shared. */
export interface Reading {
  readonly sample: SampleTask;
  readonly held: Held[];
  readonly passages: Passage[];
  readonly works: Assignment[];
  readonly moves: Assignment[];
}

export interface SampleInput {
  readonly problem: SchedulingProblem;
  readonly resources: ReadonlyMap<string, Resource>;
  readonly sample: SampleTask;
  /** Its assignments by start. */
  readonly own: readonly Assignment[];
  readonly unplanned: boolean;
}

/** Follows one sample through its assignments: what runs already, the steps in order, the moves between, the way out. */
export function readSample(input: SampleInput, faults: string[]): Reading {
  return input.sample.links === undefined ? new Follow(input, faults).read() : readLinked(input, faults);
}

class Follow {
  readonly #input: SampleInput;
  readonly #faults: string[];
  readonly #reading: Reading;
  #at: string | undefined;
  #since: number;
  #given = true;
  #ready: number;
  #lastEnd: number | undefined;

  constructor(input: SampleInput, faults: string[]) {
    const { sample, problem } = input;
    this.#input = input;
    this.#faults = faults;
    this.#reading = { sample, held: [], passages: [], works: [], moves: [] };
    this.#at = sample.at;
    this.#since = problem.now;
    this.#ready = problem.now;
    this.#lastEnd = sample.lastStepEnd;
  }

  read(): Reading {
    const { sample, own, unplanned, problem } = this.#input;
    this.#running(own.filter(({ fixed }) => fixed === true));
    const planned = own.filter(({ fixed }) => fixed !== true);
    for (const { step, start } of planned)
      if (start < problem.now) this.#fault(`${step} starts at ${start}, before now (${problem.now})`);
    const first = planned[0];
    if (sample.running === undefined && first !== undefined && first.start < sample.release)
      this.#fault(`${first.step} starts at ${first.start}, before the release at ${sample.release}`);
    if (sample.frozen === true) this.#untouched(planned, 'is frozen');
    else if (unplanned) this.#parked(planned);
    else this.#steps(planned);
    return this.#reading;
  }

  #fault(text: string): void {
    this.#faults.push(`${this.#input.sample.id}: ${text}.`);
  }

  #running(fixed: readonly Assignment[]): void {
    const { sample, problem } = this.#input;
    const { running } = sample;
    if (running === undefined) return fixed.forEach(({ step }) => this.#fault(`${step} is fixed, but nothing runs`));
    const shown = fixed.length === 1 ? fixed[0] : undefined;
    if (shown === undefined) return this.#fault(`${running.step} runs, and the plan shows it ${fixed.length} times`);
    const end = Math.max(problem.now, running.expectedEnd);
    for (const [name, is, should] of [
      ['step', shown.step, running.step],
      ['kind', shown.kind, running.kind],
      ['resource', shown.resource, running.resource],
      ['start', shown.start, running.start],
      ['end', shown.end, end],
      ['destination', shown.to ?? running.to, running.to],
    ] as const)
      if (is !== should)
        this.#fault(`the running ${running.step} has ${name} ${is} in the plan, but ${should} in truth`);
    if (running.kind === 'move') this.#arrive(shown, running.to, true);
    else this.#work(shown);
    this.#at = running.to;
    this.#ready = end;
  }

  #untouched(planned: readonly Assignment[], why: string): void {
    for (const { step, start } of planned) this.#fault(`${step} is planned at ${start}, but the sample ${why}`);
    this.#keep(Infinity);
  }

  /** A sample that cannot be planned may at most be put into a rack. */
  #parked(planned: readonly Assignment[]): void {
    for (const move of planned) {
      if (move.kind === 'process' || this.#input.resources.get(move.to ?? '')?.kind !== 'rack')
        this.#fault(`${move.step} is planned at ${move.start}, but the sample is left out of the plan`);
      else this.#move(move);
    }
    this.#keep(Infinity);
  }

  #steps(planned: readonly Assignment[]): void {
    const { sample, problem } = this.#input;
    let next = 0;
    const movesTo = (step: string) => {
      while (planned[next]?.kind === 'move' && planned[next]!.step === step) this.#move(planned[next++]!);
    };
    for (const step of sample.remaining) {
      movesTo(step.id);
      const work = planned[next];
      if (work === undefined) return this.#fault(`${step.id} is missing in the plan`);
      if (work.kind !== 'process' || work.step !== step.id)
        return this.#fault(`${step.id} is expected, but the plan has ${work.kind} ${work.step} at ${work.start}`);
      this.#process(step, work);
      next += 1;
    }
    if (problem.transport !== undefined && sample.out !== undefined && this.#at !== undefined) {
      movesTo('out');
      if (this.#at !== sample.out) this.#fault(`it ends at ${this.#at} instead of ${sample.out}`);
    }
    if (next < planned.length)
      this.#fault(`${planned[next]!.step} at ${planned[next]!.start} is more than was asked for`);
    this.#keep(this.#ready);
  }

  #process(step: StepTask, work: Assignment): void {
    const { resources, problem } = this.#input;
    const alternative = step.alternatives.find(({ resource }) => resource === work.resource);
    if (alternative === undefined) this.#fault(`${step.id} is planned on ${work.resource}, which cannot do it`);
    else if (work.end - work.start !== alternative.duration.typical)
      this.#fault(
        `${step.id} takes ${work.end - work.start} on ${work.resource} instead of ${alternative.duration.typical}`,
      );
    if (resources.get(work.resource)?.available !== true)
      this.#fault(`${step.id} is planned on ${work.resource}, which is not available`);
    this.#lags(step, work);
    if (work.start < this.#ready) this.#fault(`${step.id} starts at ${work.start}, before it can at ${this.#ready}`);
    const enters = problem.transport === undefined || this.#at === undefined;
    if (!enters && this.#at !== work.resource)
      this.#fault(`${step.id} is on ${work.resource} at ${work.start}, but the sample is at ${this.#at}`);
    if (enters) {
      this.#since = work.start;
      this.#given = false;
    }
    this.#at = work.resource;
    this.#ready = work.end;
    this.#lastEnd = work.end;
    this.#work(work);
  }

  #lags(step: StepTask, { start }: Assignment): void {
    if (this.#lastEnd === undefined) return;
    const wait = start - this.#lastEnd;
    if (wait < step.lag.min)
      this.#fault(`${step.id} starts ${wait} after the step before, but at least ${step.lag.min} are asked for`);
    if (step.lag.max !== undefined && wait > step.lag.max)
      this.#fault(`${step.id} starts ${wait} after the step before, but at most ${step.lag.max} are allowed`);
  }

  /** Notes work; without transport it also is all that the sample holds. */
  #work(work: Assignment): void {
    const { problem } = this.#input;
    this.#reading.works.push(work);
    if (work.fixed === true) this.#lastEnd = work.end;
    if (problem.transport !== undefined) return;
    const { sample, resource, start: from, end: until } = work;
    this.#reading.held.push({ sample, resource, from: Math.max(from, problem.now), until, given: work.fixed === true });
  }

  #move(move: Assignment): void {
    const { problem, resources } = this.#input;
    const { transport } = problem;
    if (transport === undefined)
      return this.#fault(`a move is planned at ${move.start}, but nothing is moved in this lab`);
    if (move.from !== this.#at)
      this.#fault(`the move to ${move.to} at ${move.start} starts from ${move.from}, but the sample is at ${this.#at}`);
    if (move.start < this.#ready)
      this.#fault(`the move to ${move.to} starts at ${move.start}, before it can at ${this.#ready}`);
    const travel = transport.travel[move.from ?? '']?.[move.to ?? '']?.typical;
    if (travel === undefined) this.#fault(`there is no way from ${move.from} to ${move.to}`);
    else if (move.end - move.start !== travel)
      this.#fault(`the move to ${move.to} takes ${move.end - move.start} instead of ${travel}`);
    const target = resources.get(move.to ?? '');
    if (target?.available !== true)
      this.#fault(`the move at ${move.start} leads to ${move.to}, which is not available`);
    this.#arrive(move, move.to ?? '', false);
    this.#at = move.to;
    this.#ready = move.end;
  }

  /** Books the departure from the place where the sample was and the arrival at the next. */
  #arrive(move: Assignment, to: string, given: boolean): void {
    const { sample, start, end } = move;
    const { held, passages, moves } = this.#reading;
    const until = start + this.#input.problem.transport!.pickMs;
    moves.push(move);
    if (this.#at !== undefined) {
      held.push({ sample, resource: this.#at, from: this.#since, until, given: this.#given });
      passages.push({ sample, resource: this.#at, from: start, until, given });
    }
    passages.push({ sample, resource: to, from: start, until: end, given });
    this.#since = start;
    this.#given = given;
  }

  #keep(until: number): void {
    const { sample, problem } = this.#input;
    const moved = problem.transport !== undefined;
    if (this.#at === undefined || (!moved && sample.frozen !== true)) return;
    const from = moved ? this.#since : this.#ready;
    this.#reading.held.push({ sample: sample.id, resource: this.#at, from, until, given: this.#given });
  }
}
