/** One pretended container: follows its task's desired state at once, without any process. */
import { createdContainer } from '../../src/model/new-status.ts';
import type { ContainerStatus, SuccessorStatus, TaskObject, TaskStatus } from '../../src/model/objects.ts';
import { isTerminal, type ObservedState } from '../../src/model/states.ts';

/** How a pretended container behaves. */
export interface Behaviour {
  /** It exits with this code as soon as it runs; null = it runs on. */
  readonly exitCode: number | null;
  /** Health that it has as soon as it runs; null = it has no check. */
  readonly health: 'starting' | 'healthy' | 'unhealthy' | null;
  /** It cannot be prepared, for this reason; null = it can. */
  readonly rejection: string | null;
  /** What comes at once of the images that its successor needs. */
  readonly successor: SuccessorStatus['state'];
  /** False: it takes no notice when it is to end. */
  readonly endsWhenTold: boolean;
}

/** Runs for ever without a healthcheck. */
export const runsForEver: Behaviour = {
  exitCode: null,
  health: null,
  rejection: null,
  successor: 'ready',
  endsWhenTold: true,
};

/** What is reported of a task: a state, or that nothing of it is left. */
export type Report = TaskStatus | 'removed';

export class PretendTask {
  #task: TaskObject;
  #status: TaskStatus;
  readonly #behaviour: Behaviour;
  readonly #now: () => Date;

  /** `now` tells the time of what happens to it. */
  constructor(task: TaskObject, behaviour: Behaviour, now: () => Date = () => new Date()) {
    this.#now = now;
    this.#task = task;
    this.#status = task.status;
    this.#behaviour = behaviour;
  }

  get task(): TaskObject {
    return this.#task;
  }

  get status(): TaskStatus {
    return this.#status;
  }

  /** Takes a new assignment and returns what happens because of it, in order. */
  assign(task: TaskObject): readonly Report[] {
    this.#task = task;
    const reports: Report[] = [];
    for (let report = this.#next(); report !== undefined; report = this.#next()) {
      reports.push(report);
      if (report === 'removed') break;
      this.#status = report;
    }
    return reports;
  }

  /** The container ends by itself. */
  exit(exitCode: number): Report {
    return (this.#status = this.#end(exitCode === 0 ? 'complete' : 'failed', exitCode));
  }

  /** Its node restarts it in place after an end. */
  restart(exitCode: number): Report {
    const known = this.#container();
    const finishedAt = this.#now().toISOString();
    const run = { startedAt: known.startedAt, finishedAt, exitCode, signal: null, oomKilled: false };
    const container = { ...known, restartCount: known.restartCount + 1, runs: [...known.runs, run] };
    return (this.#status = { ...this.#status, container });
  }

  /** Its healthcheck comes to another result. */
  changeHealth(state: 'starting' | 'healthy' | 'unhealthy'): Report {
    const known = this.#container();
    const serving = known.serving || state === 'healthy';
    const container = { ...known, serving, health: { state, failingStreak: 0, lastOutput: '' } };
    return (this.#status = { ...this.#status, container });
  }

  /** What its successor needs has come, or cannot be had. */
  prepareSuccessor(state: SuccessorStatus['state']): Report {
    const { successor } = this.#task;
    const at = this.#now().toISOString();
    const message = state === 'failed' ? 'there is no such image' : '';
    const status = successor === null ? null : { update: successor.update, state, at, message };
    return (this.#status = { ...this.#status, successor: status });
  }

  #next(): Report | undefined {
    const { desired, desiredRun, successor } = this.#task;
    if (this.#status.successor?.update !== successor?.update) return this.prepareSuccessor(this.#behaviour.successor);
    const { run, state } = this.#status;
    const isRunning = state === 'running';
    if (isRunning && desired !== 'running' && !this.#behaviour.endsWhenTold) return undefined;
    if (desired === 'remove') return isRunning ? this.#end('shutdown', 143) : 'removed';
    if (desired === 'stopped') return isTerminal(state) ? undefined : this.#end('shutdown', 143);
    if (run < desiredRun) return isRunning ? this.#end('shutdown', 143) : this.#prepare(desiredRun);
    if (isTerminal(state)) return undefined;
    if (state === 'ready') return desired === 'running' ? this.#start() : undefined;
    if (isRunning) return this.#behaviour.exitCode === null ? undefined : this.exit(this.#behaviour.exitCode);
    return this.#prepare(run);
  }

  #prepare(run: number): TaskStatus {
    const { rejection } = this.#behaviour;
    const error = rejection === null ? null : { code: 'invalid', message: rejection, hint: null };
    const container = rejection === null ? { ...this.#container(), phase: 'created' as const } : null;
    return this.#make(rejection === null ? 'ready' : 'rejected', { run, error, message: rejection ?? '', container });
  }

  #start(): TaskStatus {
    const { health } = this.#behaviour;
    return this.#make('running', {
      container: {
        ...this.#container(),
        phase: 'running',
        pid: 1,
        startedAt: this.#now().toISOString(),
        serving: health === null || health === 'healthy',
        health: health === null ? null : { state: health, failingStreak: 0, lastOutput: '' },
      },
    });
  }

  #end(state: ObservedState, exitCode: number): TaskStatus {
    const finishedAt = this.#now().toISOString();
    return this.#make(state, {
      container: { ...this.#container(), phase: 'exited', pid: null, serving: false, finishedAt, exitCode },
    });
  }

  #make(state: ObservedState, rest: Partial<TaskStatus>): TaskStatus {
    return { ...this.#status, error: null, message: '', ...rest, state, at: this.#now().toISOString() };
  }

  #container(): ContainerStatus {
    const image = { id: `sha256:${'0'.repeat(64)}`, reference: this.#task.spec.image };
    return this.#status.container ?? createdContainer(image, this.#now().toISOString());
  }
}
