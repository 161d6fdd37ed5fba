import { TsstackError } from '../../model/errors.ts';
import type { EndedRun, TaskObject } from '../../model/objects.ts';
import { isTerminal } from '../../model/states.ts';
import type { StreamKinds } from '../../rpc/stream-kinds.ts';
import { containerLabel, hookLabel } from '../output/container-label.ts';
import type { LogMultiplexer } from '../output/log-multiplexer.ts';
import { hasHooks, hasRun } from '../tasks/task-goal.ts';
import { LogPosition } from './log-position.ts';
import type { LogRecovery } from './log-recovery.ts';
import { readLog } from './read-log.ts';

type LogSource = StreamKinds['logs']['arguments']['source'];

export type LogQuery = Omit<StreamKinds['logs']['arguments'], 'follow' | 'run' | 'source'>;

export interface FollowerOptions {
  /** Where output comes from, and how it is gone on with. */
  readonly recovery: Pick<LogRecovery, 'control' | 'recover' | 'noteBack'>;
  readonly multiplexer: LogMultiplexer;
  /** What to show of the run of a container in which it is met first; later runs are shown from their start. */
  readonly queryOf: (task: TaskObject) => LogQuery;
  /** Say when a container has ended since then (RFC 3339), `web-1 exited with code 0`; null = say nothing of ends. */
  readonly notesExitsSince: string | null;
  /** Its output cannot be read (any more); the others go on. */
  readonly onProblem: (task: TaskObject, error: unknown) => void;
  /** Ends the streams. */
  readonly signal?: AbortSignal;
}

/** One run of one container. */
interface Run {
  readonly taskId: string;
  readonly done: Promise<void>;
  hasEnded: boolean;
  /** Null until it is known. */
  exitCode: number | null;
  isNoted: boolean;
  /** Restarts that were noted, or had happened before. */
  restarts: number;
  /** `finishedAt` of each end before those, as far as the container still tells of it. */
  knownEnds: ReadonlySet<string | null>;
}

/** The stream of what the hooks of a container say during one run. */
interface HookReader {
  readonly run: number;
  /** RFC 3339; null while it goes on. */
  endedAt: string | null;
  done: Promise<void>;
}

/**
 * Shows the output of containers as they come, run and end. Told of each change of a task, it opens one stream for each run; the line on a
 * container's end comes after its last output.
 */
export class LogFollower {
  readonly #options: FollowerOptions;
  readonly #runs = new Map<string, Run>();
  readonly #met = new Set<string>();
  /** By task. */
  readonly #hooks = new Map<string, HookReader>();

  constructor(options: FollowerOptions) {
    this.#options = options;
  }

  /** Takes notice of a task as it is now. */
  consider(task: TaskObject): void {
    this.#considerHooks(task);
    const { container, run: number, state } = task.status;
    // The log is a file: nothing is lost by waiting until the container has been started.
    if (container === null || !hasRun(task)) return;
    const key = `${task.id} ${number}`;
    const run = this.#runs.get(key) ?? this.#open(key, task);
    this.#noteRestarts(run, task);
    if (!isTerminal(state) || run.exitCode !== null) return;
    run.exitCode = container.exitCode ?? 0;
    run.isNoted ||= this.#isOldNews(container.finishedAt);
    this.#noteExit(run, task);
  }

  /** What hooks say is in a log of its own, to which all runs add; it is there from the time that the container is made. */
  #considerHooks(task: TaskObject): void {
    if (!hasHooks(task) || task.status.container === null) return;
    const known = this.#hooks.get(task.id);
    if (known !== undefined && (known.run === task.status.run || known.endedAt === null)) return;
    const query = this.#options.queryOf(task);
    const since = known === undefined ? query : { ...query, tail: null, since: known.endedAt };
    const reader: HookReader = { run: task.status.run, endedAt: null, done: Promise.resolve() };
    this.#hooks.set(task.id, reader);
    reader.done = this.#copy(task, since, 'hooks').then(() => {
      reader.endedAt = new Date().toISOString();
    });
  }

  /** What had ended before anybody looked, and is perhaps about to run again. */
  #isOldNews(finishedAt: string | null): boolean {
    const since = this.#options.notesExitsSince;
    return since !== null && finishedAt !== null && Date.parse(finishedAt) < Date.parse(since);
  }

  /** Resolves when every stream of these containers (default: of all) that is open now has ended. */
  async settled(taskIds?: ReadonlySet<string>): Promise<void> {
    const runs = [...this.#runs.values()].filter(({ taskId }) => taskIds?.has(taskId) ?? true);
    const hooks = [...this.#hooks].filter(([taskId]) => taskIds?.has(taskId) ?? true);
    await Promise.all([...runs, ...hooks.map(([, reader]) => reader)].map(({ done }) => done));
  }

  #open(key: string, task: TaskObject): Run {
    const copying = Promise.withResolvers<void>();
    const { restarts, knownEnds } = this.#restartsBefore(task);
    const run: Run = {
      taskId: task.id,
      done: copying.promise,
      hasEnded: false,
      exitCode: null,
      isNoted: false,
      restarts,
      knownEnds,
    };
    this.#runs.set(key, run);
    void this.#copy(task, this.#query(task), 'container').finally(() => {
      run.hasEnded = true;
      this.#noteExit(run, task);
      copying.resolve();
    });
    return run;
  }

  #query(task: TaskObject): LogQuery {
    const query = this.#options.queryOf(task);
    if (this.#met.has(task.id)) return { ...query, tail: null, since: task.status.container?.startedAt ?? null };
    this.#met.add(task.id);
    return query;
  }

  /** Never rejects. */
  async #copy(task: TaskObject, query: LogQuery, from: LogSource): Promise<void> {
    const { multiplexer, signal, onProblem } = this.#options;
    const source = multiplexer.add(from === 'hooks' ? hookLabel(task) : containerLabel(task));
    const whole = { ...query, source: from, run: task.status.run, follow: true };
    try {
      for await (const frame of this.#readSteadily(task, whole)) await source.push(frame);
      await source.finish();
    } catch (error) {
      if (signal?.aborted !== true) onProblem(task, error);
    }
  }

  /** The log, gone on with where it broke off for as long as the recovery says so. */
  async *#readSteadily(task: TaskObject, query: StreamKinds['logs']['arguments']): AsyncGenerator<Buffer, void> {
    const { recovery, signal } = this.#options;
    const position = new LogPosition();
    for (let attempts = 0, isFirst = true; ; isFirst = false) {
      const { control } = recovery;
      const { time } = position;
      try {
        const rest = time === null ? query : { ...query, tail: null, since: time };
        for await (const frame of readLog(control, task.id, rest, signal)) {
          attempts = 0;
          recovery.noteBack(task.nodeId);
          const news = position.advance(frame);
          if (news.length > 0) yield news;
        }
        return;
      } catch (error) {
        // A container that went while its host was away has nothing more to say.
        if (!isFirst && error instanceof TsstackError && error.code === 'not-found') return;
        if (signal?.aborted === true || !(await recovery.recover({ task, control, error, attempts }))) throw error;
        attempts += 1;
        position.resume();
      }
    }
  }

  /** What is no news of a container that is met: restarts before anybody looked. */
  #restartsBefore(task: TaskObject): Pick<Run, 'restarts' | 'knownEnds'> {
    const ends = endsBeforeRestarts(task).map(({ finishedAt }) => finishedAt);
    const old = ends.filter((finishedAt) => this.#isOldNews(finishedAt));
    const { restartCount = 0, phase } = task.status.container ?? {};
    const begun = phase === 'restarting' ? 1 : 0;
    return { restarts: restartCount + begun - (ends.length - old.length), knownEnds: new Set(old) };
  }

  /** Each by its end, also where several came at once; one whose end nobody saw (the machine went down) is noted without a code. */
  #noteRestarts(run: Run, task: TaskObject): void {
    const ends = endsBeforeRestarts(task);
    for (const { exitCode } of ends.filter(({ finishedAt }) => !run.knownEnds.has(finishedAt))) {
      run.restarts += 1;
      this.#note(`${containerLabel(task)} exited with code ${exitCode ?? 0} (restarting)`);
    }
    run.knownEnds = new Set(ends.map(({ finishedAt }) => finishedAt));
    const restartCount = task.status.container?.restartCount ?? 0;
    if (restartCount <= run.restarts) return;
    run.restarts = restartCount;
    this.#note(`${containerLabel(task)} exited (restarting)`);
  }

  #noteExit(run: Run, task: TaskObject): void {
    if (!run.hasEnded || run.exitCode === null || run.isNoted) return;
    run.isNoted = true;
    this.#note(`${containerLabel(task)} exited with code ${run.exitCode}`);
  }

  #note(text: string): void {
    if (this.#options.notesExitsSince !== null) void this.#options.multiplexer.note(text);
  }
}

/** Of runs that another one follows: the end of the container itself is none of them. */
function endsBeforeRestarts({ status: { state, container } }: TaskObject): readonly EndedRun[] {
  if (container === null) return [];
  return container.runs.filter(({ finishedAt }) => !isTerminal(state) || finishedAt !== container.finishedAt);
}

/** What is said of a container whose output cannot be read. */
export function problemText({ containerName }: TaskObject, error: unknown): string {
  return `logs of ${containerName}: ${(error as Error).message}`;
}
