import { isDeepStrictEqual } from 'node:util';
import type {
  ContainerStatus,
  HookStatus,
  NetworkObject,
  PublishedPort,
  TaskObject,
  TaskStatus,
  VolumeObject,
} from '../../../src/model/objects.ts';
import { shortId } from '../../../src/model/ids.ts';
import { isTerminal, transitionError } from '../../../src/model/states.ts';
import type { ObservedState } from '../../../src/model/states.ts';
import { abortable } from '../abortable.ts';
import { allEnded } from '../all-ended.ts';
import { Changes } from '../../../src/model/changes.ts';
import { ContainerStateError, describeError } from '../errors.ts';
import { HealthMonitor } from '../health/health-monitor.ts';
import type { HealthState } from '../health/health-state.ts';
import { UnhealthyEnd } from '../health/unhealthy-end.ts';
import { Container } from './container.ts';
import { FileCopies } from './file-copies.ts';
import { isGated } from './gated-task.ts';
import { imageStatus } from './image-status.ts';
import { KeptRecord } from './kept-record.ts';
import { isOutdated, nextStep } from './next-step.ts';
import type { TaskView } from './next-step.ts';
import { firstProgress, knownProgress, missedHook, servesUnseen } from './run-progress.ts';
import type { RunProgress } from './run-progress.ts';
import type { ShimState } from './shim.ts';
import { StepLoop } from './step-loop.ts';
import { SuccessorImages } from './successor-images.ts';
import { executeStep } from './task-steps.ts';
import type { TaskHost } from './task-host.ts';
import { containerStatus, errorStatus, lostContainer, exitMessage, observedState, startError } from './task-status.ts';
import type { OwnStatus } from './task-status.ts';
import type { PreparedContainer, TaskRecord } from './task-record.ts';
import { viewTask } from './view-task.ts';

/**
 * Holds one task: compares what is wanted with what is, does one step, and looks again. A step that waits for long is given up when the
 * task is to stop.
 */
export class TaskWorker {
  readonly host: TaskHost;
  readonly container: Container;
  readonly loop: StepLoop;
  /** Whoever copies its files, and what has to wait for that. */
  readonly copies = new FileCopies();
  readonly #health: HealthMonitor;
  readonly #unhealthy: UnhealthyEnd;
  readonly #successor: SuccessorImages;
  readonly #ended = new AbortController();
  readonly #record: KeptRecord;
  readonly #statusChanges = new Changes();
  readonly #hasNetwork = Promise.withResolvers<void>();
  /** When the runs of this daemon's life began. */
  readonly #beginnings = new Map<number, string>();
  #progress: RunProgress;
  #runEnded = new AbortController();
  #isAssigned = false;
  /** What follows the end of a run (ports, names), which the next step waits for. */
  #release: Promise<void> = Promise.resolve();
  #running: Promise<void> | null = null;

  constructor(host: TaskHost, record: TaskRecord) {
    const { task, status } = record;
    const paths = host.paths.container(task.id);
    this.host = host;
    this.loop = new StepLoop(host.random, this.#logFailure);
    this.#record = new KeptRecord(paths.record, record, this.#logFailure);
    this.#progress = knownProgress(record);
    if (isTerminal(status.state)) this.#runEnded.abort();
    this.container = new Container({
      paths,
      cgroup: host.paths.cgroup(task.id, task.spec.container.cgroupParent),
      shims: host.shims,
      onState: (state) => this.#onShimState(state),
      warn: (problem) => host.log(`${task.containerName}: ${problem}`),
    });
    this.#health = new HealthMonitor({
      probe: (check, signal) => host.probe(task.id, check, signal),
      onChange: (health) => this.#onHealth(health),
      known: status.container,
    });
    this.#successor = new SuccessorImages({
      images: host.images,
      // A record of an earlier version has none.
      known: (status as Partial<TaskStatus>).successor ?? null,
      onChange: () => this.setStatus(this.record.status),
    });
    // As a signal, not as a stop: what follows is for the restart policy to say.
    this.#unhealthy = new UnhealthyEnd(async () => (await this.container.connection()).signal('SIGKILL'));
  }

  get record(): TaskRecord {
    return this.#record.current;
  }

  get task(): TaskObject {
    return this.record.task;
  }

  /** Aborted when nothing of the task is left on this host. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /** Aborted when the run has ended for good: no local restart will follow. */
  get runEnded(): AbortSignal {
    return this.#runEnded.signal;
  }

  /** Starts the loop. With `adopt`, what an earlier daemon left is looked at first. */
  run(adopt: boolean): void {
    this.#running ??= this.loop.run({
      before: adopt ? () => this.#adopt() : null,
      next: () => nextStep(this.#view()),
      execute: (step) => executeStep(this, step),
    });
  }

  /** Takes over what the manager wants now. */
  update(task: TaskObject, networks: readonly NetworkObject[], volumes: readonly VolumeObject[]): void {
    this.#isAssigned = true;
    const isRenamed = task.containerName !== this.task.containerName;
    void this.#record.change({ task, networks, volumes, detached: false });
    // A container that came up beside another one has the name of the slot when that one is gone.
    if (isRenamed) void this.host.names.rename(task).catch(this.#logFailure);
    this.#successor.follow(task.successor);
    if (isOutdated(this.loop.step, this.#view())) this.loop.giveUpStep();
    this.loop.wake();
  }

  /** The manager does not know the task any more, but its word is not to be taken for that. */
  detach(): void {
    void this.#record.change({ detached: true });
  }

  /** Its word is to be taken, by an operator's. */
  attach(): void {
    void this.#record.change({ detached: false });
  }

  /** Ends the loop and leaves the container as it is. */
  async release(): Promise<void> {
    this.loop.release();
    this.#health.stop();
    this.#successor.stop();
    this.container.release();
    await this.#running;
    await this.#record.stop();
  }

  /** Reports the status as it is, to a manager that may have missed changes. */
  report(): void {
    this.host.statuses.status(this.task.id, this.record.status);
  }

  /** Names of images on this host have changed: tells when that of the container means another one now. */
  lookAtImage(): void {
    const { status, prepared } = this.record;
    if (status.container === null || prepared === null) return;
    const { currentImageId, movedMounts } = imageStatus(this.record, prepared, this.host.images);
    const after = { ...status.container, currentImageId, movedMounts };
    if (!isDeepStrictEqual(after, status.container)) this.setStatus({ ...status, container: after });
  }

  /** Starts a container that is wanted ready, ahead of the manager. */
  requestStart(): void {
    this.setProgress({ isStartRequested: true });
    this.loop.wake();
  }

  /** Resolves when the container has been made; rejects when it cannot be, or the signal aborts. */
  async created(signal: AbortSignal): Promise<void> {
    const over = AbortSignal.any([signal, this.#ended.signal]);
    const isMade = (): boolean => this.container.phase !== 'none';
    if (!(await this.#statusChanges.until(() => isMade() || this.runEnded.aborted, over))) over.throwIfAborted();
    if (!isMade()) throw new ContainerStateError(this.task.containerName, this.record.status.message);
  }

  /** Resolves when the task's network namespace exists. */
  async networkReady(signal: AbortSignal): Promise<void> {
    await abortable(this.#hasNetwork.promise, AbortSignal.any([signal, this.#ended.signal]));
  }

  /** RFC 3339 time by which a run was over that the task is no longer in; null for the one that it is in. */
  endOf(run: number): string | null {
    if (run >= this.record.status.run) return null;
    return this.#beginnings.get(run + 1) ?? new Date().toISOString();
  }

  /** For steps: how far the run has got. */
  get progress(): RunProgress {
    return this.#progress;
  }

  /** For steps: the run has got further. */
  setProgress(change: Partial<RunProgress>): void {
    this.#progress = { ...this.#progress, ...change };
  }

  /** For steps: resolves when a manager has named the task since this daemon started, or the step is given up. */
  async assigned(): Promise<void> {
    await this.loop.until(() => this.#isAssigned);
  }

  /** For steps: waits for what followed the end of the last run. */
  async settled(): Promise<void> {
    await this.#release;
  }

  /** For steps: a run begins, or one that was cut off goes on. */
  beginRun(run: number): void {
    if (run > this.record.status.run) {
      this.#progress = firstProgress(this.task.spec);
      // A millisecond more, as times are cut: the first output comes later than that.
      this.#beginnings.set(run, new Date(Date.now() + 1).toISOString());
    }
    this.setProgress({ stopping: null, isStartRequested: false });
    if (this.#runEnded.signal.aborted) this.#runEnded = new AbortController();
    this.setState('preparing', '', run);
  }

  /** For steps: what was prepared; resolves when it is on disk. */
  setPrepared(prepared: PreparedContainer): Promise<void> {
    this.#hasNetwork.resolve();
    return this.#record.change({ prepared });
  }

  /** For steps: a container that is about to be started serves from its first moment, unless another one does for the time being. */
  async announce(): Promise<void> {
    const isServing = !isGated(this.task);
    await this.host.names.add(this.task, this.record.networks, isServing);
    this.setProgress({ isServing });
  }

  /** For steps: names and ports lead to it from now on, or do so no more. */
  setServing(isServing: boolean, ports: readonly PublishedPort[]): void {
    this.setProgress({ isServing });
    this.#changeContainer({ ports, serving: isServing });
  }

  /** For steps: hooks have got further. */
  setHook(hook: HookStatus): void {
    this.setProgress({ hook });
    this.#changeContainer({ hook });
  }

  /** For steps: a new observed state. */
  setState(state: ObservedState, message = '', run = this.record.status.run): void {
    const { container: known } = this.record.status;
    const container = known === null ? null : { ...known, hook: this.#progress.hook };
    this.setStatus({ run, state, at: new Date().toISOString(), message, error: null, container });
  }

  /** For steps: the run ends here, before or at its start. */
  fail(state: ObservedState, error: unknown, exit: ShimState | null): void {
    const container = exit === null ? lostContainer(this.record.status.container) : this.#containerStatus(exit);
    this.setStatus(errorStatus(this.record.status.run, state, error, container));
    this.#afterEnd();
  }

  /** For steps: a new status. A step back within a run is passed over, as after a recovery. */
  setStatus(own: OwnStatus): void {
    const status = { ...own, successor: this.#successor.status };
    const before = this.record.status;
    if (transitionError(before, status) !== null) return;
    const at = before.run === status.run && before.state === status.state ? before.at : status.at;
    void this.#record.change({ status: { ...status, at } });
    if (isTerminal(status.state)) this.#runEnded.abort();
    this.#statusChanges.note();
    this.report();
  }

  /** For steps: nothing is written of the task any more. */
  stopRecording(): Promise<void> {
    return this.#record.stop();
  }

  /** For steps: everything of the task has been removed. */
  finish(): void {
    this.#health.stop();
    this.#successor.stop();
    this.#ended.abort();
    this.loop.release();
    this.host.statuses.removed(this.task.id);
  }

  async #adopt(): Promise<void> {
    await this.container.adopt();
    const { state, phase } = this.container;
    if (state === null) return;
    if (servesUnseen(this.record, phase)) this.setProgress({ isServing: true });
    if (phase !== 'lost') this.#hasNetwork.resolve();
    if (phase !== 'lost' && phase !== 'exited')
      void this.host.names.add(this.task, this.record.networks, this.#progress.isServing).catch(this.#logFailure);
    this.#onShimState(state);
  }

  #view(): TaskView {
    return viewTask(this.record, this.#progress, this.container.phase, this.#health.health);
  }

  #onShimState(shim: ShimState): void {
    if (this.container.phase === 'lost') this.#health.stop();
    else this.#takeIn(shim);
    this.loop.wake();
  }

  #takeIn(shim: ShimState): void {
    const { status, prepared } = this.record;
    const { hook, stopping } = this.#progress;
    const hasExited = shim.phase === 'exited';
    this.#health.follow(shim, prepared?.healthcheck ?? null);
    if (hasExited) this.setProgress({ hook: missedHook(hook, this.task.service) });
    this.setStatus({
      run: status.run,
      state: observedState(shim, stopping !== null),
      at: new Date().toISOString(),
      message: exitMessage(shim),
      error: startError(shim),
      container: this.#containerStatus(shim),
    });
    if (hasExited) this.#afterEnd();
  }

  #containerStatus(shim: ShimState): ContainerStatus | null {
    const { prepared } = this.record;
    if (prepared === null) return null;
    const { hook, isServing, earlierRestarts } = this.#progress;
    const known = { health: this.#health.health, hook, serving: isServing && shim.phase !== 'exited' };
    const images = imageStatus(this.record, prepared, this.host.images);
    return containerStatus(images, prepared, shim, earlierRestarts, known);
  }

  #changeContainer(change: Partial<ContainerStatus>): void {
    const { status } = this.record;
    if (status.container !== null) this.setStatus({ ...status, container: { ...status.container, ...change } });
  }

  #onHealth(health: HealthState): void {
    this.#changeContainer({ health });
    // It may be what a container that came up beside another one has waited for.
    this.loop.wake();
    const { task, status } = this.record;
    const hasFailed = health.state === 'unhealthy' && task.spec.restart.supervision !== null;
    if (hasFailed) this.#unhealthy.end(status.container?.startedAt ?? null).catch(this.#logFailure);
  }

  /** A container that has ended has no names, holds no ports, and keeps no file system mounted. */
  #afterEnd(): void {
    const { id } = this.task;
    this.setProgress({ isServing: false });
    const { names, networks, mounts } = this.host;
    const release = allEnded([names.remove(id), networks.unpublish(id), mounts.release(shortId(id))]);
    this.#release = release.then(() => undefined, this.#logFailure);
  }

  readonly #logFailure = (error: unknown): void => {
    this.host.log(`container ${this.task.containerName}: ${describeError(error).message}`);
  };
}
