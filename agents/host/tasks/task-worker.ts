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
import { allEnded } from '../all-ended.ts';
import { ContainerStateError, describeError } from '../errors.ts';
import { HealthMonitor } from '../health/health-monitor.ts';
import type { HealthState } from '../health/health-state.ts';
import { abortable } from '../abortable.ts';
import { Backoff } from '../backoff.ts';
import { Wake } from '../wake.ts';
import { Container } from './container.ts';
import { isGated } from './gated-task.ts';
import { firstHook, knownHook, missedHook } from './hook-progress.ts';
import { movedImages } from './moved-images.ts';
import { isOutdated, nextStep } from './next-step.ts';
import type { TaskStep, TaskView } from './next-step.ts';
import { RecordWriter } from './record-writer.ts';
import type { ShimState } from './shim.ts';
import { executeStep } from './task-steps.ts';
import type { TaskHost } from './task-host.ts';
import { containerStatus, errorStatus, lostContainer, exitMessage, observedState, startError } from './task-status.ts';
import type { PreparedContainer, TaskRecord } from './task-record.ts';

const defaultGraceMs = 10_000;

/**
 * Holds one task: compares what is wanted with what is, does one step, and looks again. One step at a time; a step that waits
 * for long is given up when the task is to stop.
 */
export class TaskWorker {
  readonly host: TaskHost;
  readonly container: Container;
  readonly health: HealthMonitor;
  readonly #wake = new Wake();
  /** Pauses after something that should not have happened. */
  readonly #backoff: Backoff;
  readonly #released = new AbortController();
  readonly #ended = new AbortController();
  readonly #writer: RecordWriter;
  #record: TaskRecord;
  #step = new AbortController();
  #current: TaskStep = { kind: 'none' };
  #stopping: number | null = null;
  /** Begin of the run that was killed for being unhealthy. */
  #unhealthyRun: string | null = null;
  #isAssigned = false;
  #isStartRequested = false;
  #hook: HookStatus | null;
  #isServing: boolean;
  /** What the hooks of this run's stop have used of its grace. */
  #hookMs = 0;
  #runEnded = new AbortController();
  #changed: PromiseWithResolvers<void> | null = null;
  #earlierRestarts: number;
  /** When the runs of this daemon's life began. */
  readonly #beginnings = new Map<number, string>();
  /** What follows the end of a run (ports, names), which the next step waits for. */
  #release: Promise<void> = Promise.resolve();
  #loop: Promise<void> | null = null;
  readonly #hasNetwork = Promise.withResolvers<void>();

  constructor(host: TaskHost, record: TaskRecord) {
    this.host = host;
    this.#record = record;
    this.#backoff = new Backoff(host.random);
    if (isTerminal(record.status.state)) this.#runEnded.abort();
    this.#hook = knownHook(record);
    this.#isServing = record.status.container?.serving ?? false;
    this.#earlierRestarts = record.status.container?.restartCount ?? 0;
    const paths = host.paths.container(record.task.id);
    this.#writer = new RecordWriter(paths.record);
    this.container = new Container({
      paths,
      cgroup: host.paths.cgroup(record.task.id, record.task.spec.container.cgroupParent),
      shims: host.shims,
      onState: (state) => this.#onShimState(state),
      warn: (problem) => host.log(`${record.task.containerName}: ${problem}`),
    });
    this.health = new HealthMonitor({
      probe: (check, signal) => host.probe(record.task.id, check, signal),
      onChange: (health) => this.#onHealth(health),
      known: record.status.container,
    });
  }

  get record(): TaskRecord {
    return this.#record;
  }

  get task(): TaskObject {
    return this.#record.task;
  }

  /** Aborted when nothing of the task is left on this host. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /** Aborted when nobody holds the task any more: it has been removed, or the daemon ends. */
  get released(): AbortSignal {
    return this.#released.signal;
  }

  /** Starts the loop. With `adopt`, what an earlier daemon left is looked at first. */
  run(adopt: boolean): void {
    this.#loop ??= this.#runLoop(adopt);
  }

  /** Takes over what the manager wants now. */
  update(task: TaskObject, networks: readonly NetworkObject[], volumes: readonly VolumeObject[]): void {
    this.#isAssigned = true;
    const isRenamed = task.containerName !== this.task.containerName;
    void this.#change({ task, networks, volumes, detached: false });
    // A container that came up beside another one has the name of the slot when that one is gone.
    if (isRenamed) void this.host.names.rename(task).catch(this.#logFailure);
    if (isOutdated(this.#current, this.#view())) this.#step.abort();
    this.#wake.wake();
  }

  /** The manager does not know the task any more, but its word is not to be taken for that. */
  detach(): void {
    void this.#change({ detached: true });
  }

  /** Ends the loop and leaves the container as it is. */
  async release(): Promise<void> {
    this.#released.abort();
    this.#step.abort();
    this.health.stop();
    this.container.release();
    await this.#loop;
    await this.#writer.stop();
  }

  /** Reports the status as it is, to a manager that may have missed changes. */
  report(): void {
    this.host.statuses.status(this.task.id, this.#record.status);
  }

  /** Names of images on this host have changed: tells when that of the container means another one now. */
  lookAtImage(): void {
    const { status, prepared } = this.#record;
    if (status.container === null || prepared === null) return;
    const { currentImageId, movedMounts } = this.#imageStatus(prepared);
    const before = [status.container.currentImageId, status.container.movedMounts];
    if (isDeepStrictEqual([currentImageId, movedMounts], before)) return;
    this.setStatus({ ...status, container: { ...status.container, currentImageId, movedMounts } });
  }

  /** For steps: resolves when a manager has named the task since this daemon started, or the step is given up. */
  async assigned(): Promise<void> {
    while (!this.#isAssigned && !this.#step.signal.aborted) await this.#wake.wait(this.#step.signal);
  }

  /** Aborted when the run has ended for good: no local restart will follow. */
  get runEnded(): AbortSignal {
    return this.#runEnded.signal;
  }

  /** Starts a container that is wanted ready, ahead of the manager. */
  requestStart(): void {
    this.#isStartRequested = true;
    this.#wake.wake();
  }

  /** Resolves when the container has been made; rejects when it cannot be, or the signal aborts. */
  async created(signal: AbortSignal): Promise<void> {
    const failed = AbortSignal.any([signal, this.#ended.signal, this.#runEnded.signal]);
    while (this.container.phase === 'none') {
      if (this.#runEnded.signal.aborted)
        throw new ContainerStateError(this.task.containerName, this.#record.status.message);
      failed.throwIfAborted();
      this.#changed ??= Promise.withResolvers<void>();
      await abortable(this.#changed.promise, failed).catch(() => undefined);
    }
  }

  /** For steps: what is wanted of the step under way has changed. */
  get stepSignal(): AbortSignal {
    return this.#step.signal;
  }

  /** For steps: waits for what followed the end of the last run. */
  async settled(): Promise<void> {
    await this.#release;
  }

  /** RFC 3339 time by which a run was over that the task is no longer in; null for the one that it is in. */
  endOf(run: number): string | null {
    if (run >= this.#record.status.run) return null;
    return this.#beginnings.get(run + 1) ?? new Date().toISOString();
  }

  /** For steps: a run begins. */
  beginRun(run: number): void {
    if (run > this.#record.status.run) {
      this.#earlierRestarts = 0;
      this.#hook = firstHook(this.task.spec);
      this.#hookMs = 0;
      this.#isServing = false;
      // A millisecond more, as times are cut: the first output comes later than that.
      this.#beginnings.set(run, new Date(Date.now() + 1).toISOString());
    }
    this.#stopping = null;
    this.#isStartRequested = false;
    if (this.#runEnded.signal.aborted) this.#runEnded = new AbortController();
    this.setState('preparing', '', run);
  }

  /** For steps: a lost run goes on. */
  countRecovery(): void {
    this.#earlierRestarts += 1;
  }

  /** For steps: what was prepared; resolves when it is on disk. */
  setPrepared(prepared: PreparedContainer): Promise<void> {
    this.#hasNetwork.resolve();
    return this.#change({ prepared });
  }

  /** Resolves when the task's network namespace exists. */
  async networkReady(signal: AbortSignal): Promise<void> {
    await abortable(this.#hasNetwork.promise, AbortSignal.any([signal, this.#ended.signal]));
  }

  /** For steps: a new observed state; a step back within a run is passed over, as after a recovery. */
  setState(state: ObservedState, message = '', run = this.#record.status.run): void {
    const { container: known } = this.#record.status;
    const container = known === null ? null : { ...known, hook: this.#hook };
    this.setStatus({ run, state, at: new Date().toISOString(), message, error: null, container });
  }

  /** For steps: the run ends here, before or at its start. */
  fail(state: ObservedState, error: unknown, exit: ShimState | null): void {
    const container = exit === null ? lostContainer(this.#record.status.container) : this.#containerStatus(exit);
    this.setStatus(errorStatus(this.#record.status.run, state, error, container));
    this.#afterEnd();
  }

  /** For steps: names and ports lead to it from now on, or do so no more. */
  setServing(isServing: boolean, ports: readonly PublishedPort[]): void {
    this.#isServing = isServing;
    const { status } = this.#record;
    if (status.container === null) return;
    this.setStatus({ ...status, container: { ...status.container, ports, serving: isServing } });
  }

  /** For steps: a container that is about to be started serves from its first moment, unless another one does for the time being. */
  async announce(): Promise<void> {
    const isServing = !isGated(this.task);
    await this.host.names.add(this.task, this.#record.networks, isServing);
    this.#isServing = isServing;
  }

  /** For steps: nothing is written of the task any more. */
  stopRecording(): Promise<void> {
    return this.#writer.stop();
  }

  /** For steps: waits before another try; ends early when the worker is released. */
  async pause(delayMs: number): Promise<void> {
    await this.#wake.wait(this.#released.signal, AbortSignal.timeout(delayMs));
  }

  /** For steps: everything of the task has been removed. */
  finish(): void {
    this.health.stop();
    this.#ended.abort();
    this.#released.abort();
    this.host.statuses.removed(this.task.id);
  }

  /** For steps: a stop was asked for. */
  setStopping(graceMs: number): void {
    this.#stopping = graceMs;
  }

  /** How far the hooks of this run have got. */
  get hook(): HookStatus | null {
    return this.#hook;
  }

  /** For steps: hooks have got further. */
  setHook(hook: HookStatus): void {
    this.#hook = hook;
    const { status } = this.#record;
    if (status.container !== null) this.setStatus({ ...status, container: { ...status.container, hook } });
  }

  /** For steps: the hooks before a stop have used that much of its grace. */
  countHooks(elapsedMs: number): void {
    this.#hookMs += elapsedMs;
  }

  /** For steps: there is something new to look at. */
  wake(): void {
    this.#wake.wake();
  }

  setStatus(status: TaskStatus): void {
    const before = this.#record.status;
    if (transitionError(before, status) !== null) return;
    const at = before.run === status.run && before.state === status.state ? before.at : status.at;
    void this.#change({ status: { ...status, at } });
    if (isTerminal(status.state)) this.#runEnded.abort();
    this.#changed?.resolve();
    this.#changed = null;
    this.report();
  }

  async #runLoop(adopt: boolean): Promise<void> {
    for (let isAdopted = !adopt; !isAdopted && !this.#released.signal.aborted;) {
      isAdopted = await this.#survive(() => this.#adopt());
    }
    while (!this.#released.signal.aborted) {
      const step = nextStep(this.#view());
      if (step.kind === 'none') {
        await this.#wake.wait(this.#released.signal);
        continue;
      }
      this.#step = new AbortController();
      this.#current = step;
      await this.#survive(() => executeStep(this, step));
    }
  }

  /** One container of which something is wrong on this host is no reason to leave the others alone: after a pause it is looked at again. */
  async #survive(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      this.#backoff.reset();
      return true;
    } catch (error) {
      this.#logFailure(error);
      await this.pause(this.#backoff.next());
      return false;
    }
  }

  async #adopt(): Promise<void> {
    await this.container.adopt();
    const { state, phase } = this.container;
    if (state === null) return;
    if (phase !== 'lost') this.#hasNetwork.resolve();
    if (phase !== 'lost' && phase !== 'exited')
      void this.host.names.add(this.task, this.#record.networks, this.#isServing).catch(this.#logFailure);
    this.#onShimState(state);
  }

  #view(): TaskView {
    const { task, status } = this.#record;
    return {
      desired: task.desired === 'ready' && this.#isStartRequested ? 'running' : task.desired,
      desiredRun: task.desiredRun,
      run: status.run,
      state: status.state,
      container: this.container.phase,
      stopping: this.#stopping,
      graceMs: this.#graceMs(task.stopGraceMs ?? task.spec.container.stopGraceMs ?? defaultGraceMs),
      hook: this.#hook,
      hasPreStop: task.spec.hooks.preStop.length > 0,
      serving: this.#isServing,
      isGated: isGated(task),
      isHealthy: this.#record.prepared?.healthcheck == null || this.health.health?.state === 'healthy',
    };
  }

  #graceMs(wholeMs: number): number {
    return wholeMs < 0 ? wholeMs : Math.max(0, wholeMs - this.#hookMs);
  }

  #onShimState(shim: ShimState): void {
    if (this.container.phase === 'lost') {
      this.health.stop();
    } else {
      this.health.follow(shim, this.#record.prepared?.healthcheck ?? null);
      const { run } = this.#record.status;
      if (shim.phase === 'exited') this.#hook = missedHook(this.#hook, this.task.service);
      const state = observedState(shim, this.#stopping !== null);
      const container = this.#containerStatus(shim);
      const at = new Date().toISOString();
      this.setStatus({ run, state, at, message: exitMessage(shim), error: startError(shim), container });
      if (shim.phase === 'exited') this.#afterEnd();
    }
    this.#wake.wake();
  }

  #containerStatus(shim: ShimState): ContainerStatus | null {
    const { prepared } = this.#record;
    if (prepared === null) return null;
    const known = { health: this.health.health, hook: this.#hook, serving: this.#isServing && shim.phase !== 'exited' };
    return containerStatus(this.#imageStatus(prepared), prepared, shim, this.#earlierRestarts, known);
  }

  /** While it is not known what images there are, what was told before. */
  #imageStatus({
    imageId,
    mountedImages,
  }: PreparedContainer): Pick<ContainerStatus, 'imageReference' | 'currentImageId' | 'movedMounts'> {
    const { task, status } = this.#record;
    const imageReference = task.spec.image;
    const currentImageId = this.host.images.currentId(imageReference);
    if (currentImageId === undefined) {
      const known = status.container;
      return {
        imageReference,
        currentImageId: known?.currentImageId ?? imageId,
        movedMounts: known?.movedMounts ?? [],
      };
    }
    return { imageReference, currentImageId, movedMounts: movedImages(mountedImages, this.host.images) };
  }

  #onHealth(health: HealthState): void {
    const { status } = this.#record;
    if (status.container !== null) this.setStatus({ ...status, container: { ...status.container, health } });
    // It may be what a container that came up beside another one has waited for.
    this.#wake.wake();
    // By deploy.restart_policy an unhealthy container has failed, whatever its exit code would be: the shim restarts it, or not.
    const startedAt = status.container?.startedAt ?? null;
    const hasFailed = health.state === 'unhealthy' && this.task.spec.restart.supervision !== null;
    if (hasFailed && startedAt !== this.#unhealthyRun) void this.#killUnhealthy(startedAt);
  }

  async #killUnhealthy(startedAt: string | null): Promise<void> {
    this.#unhealthyRun = startedAt;
    try {
      // As a signal, not as a stop: what follows is for the restart policy to say.
      await (await this.container.connection()).signal('SIGKILL');
    } catch (error) {
      // The next probe tries again.
      this.#unhealthyRun = null;
      this.#logFailure(error);
    }
  }

  /** A container that has ended has no names, holds no ports, and keeps no file system mounted. */
  #afterEnd(): void {
    const { id } = this.task;
    this.#isServing = false;
    const { names, networks, mounts } = this.host;
    const release = allEnded([names.remove(id), networks.unpublish(id), mounts.release(shortId(id))]);
    this.#release = release.then(() => undefined, this.#logFailure);
  }

  #change(change: Partial<TaskRecord>): Promise<void> {
    this.#record = { ...this.#record, ...change };
    // Before the container has been prepared there is nothing to remember: the manager assigns the task again.
    if (this.#record.prepared === null) return Promise.resolve();
    const written = this.#writer.write(this.#record);
    written.catch(this.#logFailure);
    return written;
  }

  readonly #logFailure = (error: unknown): void => {
    this.host.log(`container ${this.task.containerName}: ${describeError(error).message}`);
  };
}
