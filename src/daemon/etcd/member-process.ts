import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, renameSync, rmSync, statfsSync, statSync, watch } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { abortable, delay } from '../../../agents/host/abortable.ts';
import { hasErrno } from '../../../agents/host/errors.ts';
import { writeAtomically } from '../../../agents/host/images/store/write-atomically.ts';
import { readProcessStat } from '../../../agents/host/process-stat.ts';
import { memberSocket } from '../../manager/store/store-setting.ts';

/** Time to end in order. */
const graceMs = 5000;

/**
 * Pauses before another look at a process that is no child of this one and has no socket that would tell of its end: it is about to open one, which
 * its folder announces, or it is on its way out, which nothing does. Doubled up to the longest.
 */
const firstLookMs = 20;
const longestLookMs = 2000;

/** From this size on a new process begins a new log; the one before stays. */
const logBytes = 4 * 2 ** 20;

/** What is written down of a process, so that the next daemon finds it. */
interface ProcessNote {
  readonly pid: number;
  readonly startTime: number;
  /** Digest of what it was started with. */
  readonly terms: string;
}

/** An etcd that runs on when the daemon ends, however that happens, and is found by the next one. */
export class MemberProcess {
  readonly terms: string;
  readonly #note: ProcessNote;
  readonly #directory: string;
  /** Resolves when it has ended. Null for one that an earlier daemon started. */
  readonly #exit: Promise<unknown> | null;

  private constructor(directory: string, note: ProcessNote, child: ChildProcess | null) {
    this.terms = note.terms;
    this.#directory = directory;
    this.#note = note;
    this.#exit = child === null ? null : once(child, 'exit');
  }

  /** The one that an earlier daemon started; null when none runs. */
  static find(directory: string): MemberProcess | null {
    const note = readNote(notePath(directory));
    return note !== null && isAlive(note) ? new MemberProcess(directory, note, null) : null;
  }

  static async start(
    program: string,
    args: readonly string[],
    { directory, terms }: { readonly directory: string; readonly terms: string },
  ): Promise<MemberProcess> {
    const log = openLog(directory);
    // Left by one that was killed; etcd does not listen where something is.
    rmSync(join(directory, memberSocket), { force: true });
    try {
      // Its own session: what ends the daemon is not meant for it. Its environment is empty: every option of etcd may be a variable, too.
      const stdio = ['ignore', log, log] as const;
      const child = spawn(program, [...args], { cwd: directory, detached: true, env: {}, stdio: [...stdio] });
      await once(child, 'spawn');
      const { pid = 0 } = child;
      const note = { pid, startTime: readProcessStat(pid)?.startTime ?? 0, terms };
      const started = new MemberProcess(directory, note, child);
      child.unref();
      await started.#writeNote();
      return started;
    } finally {
      closeSync(log);
    }
  }

  /** Resolves when it has ended; rejects when the signal is aborted. */
  async ended(signal: AbortSignal): Promise<void> {
    if (this.#exit !== null) return void (await abortable(this.#exit, signal));
    let change = new AbortController();
    const watcher = watch(this.#directory, () => change.abort());
    // A folder that is gone announces nothing: then the pauses alone are left.
    watcher.on('error', () => undefined);
    try {
      for (let pauseMs = firstLookMs; isAlive(this.#note); pauseMs = Math.min(pauseMs * 2, longestLookMs)) {
        change = new AbortController();
        if (await abortable(hangUp(join(this.#directory, memberSocket), signal), signal)) pauseMs = firstLookMs;
        await delay(pauseMs, AbortSignal.any([signal, change.signal]));
        signal.throwIfAborted();
      }
    } finally {
      watcher.close();
    }
  }

  /** One that cannot be written down (a full disk) would be found by nobody, and keep its data from every later one. */
  async #writeNote(): Promise<void> {
    try {
      writeAtomically(notePath(this.#directory), `${JSON.stringify(this.#note)}\n`);
    } catch (error) {
      await this.destroy();
      throw error;
    }
  }

  /** Ends it in order, or in the end without. */
  async end(): Promise<void> {
    this.#kill('SIGTERM');
    const inTime = await this.ended(AbortSignal.timeout(graceMs)).then(
      () => true,
      () => false,
    );
    if (!inTime) await this.destroy();
  }

  /** Ends it at once. One that the others have removed would first look for them, for seconds. */
  async destroy(): Promise<void> {
    this.#kill('SIGKILL');
    await this.ended(AbortSignal.timeout(graceMs));
  }

  #kill(signal: NodeJS.Signals): void {
    if (!isAlive(this.#note)) return;
    try {
      process.kill(this.#note.pid, signal);
    } catch (error) {
      if (!hasErrno(error, 'ESRCH')) throw error;
    }
  }
}

/** What etcd allocates as a whole for each piece of its log. */
const pieceBytes = 64 * 2 ** 20;

/** Why it has ended, for people: the last line of its log, and that there is no room, which a log on a full disk cannot say. */
export function lastWords(directory: string, room = roomOf(directory)): string {
  const words = lastLine(directory);
  if (room >= pieceBytes) return words;
  const left = `only ${Math.floor(room / 2 ** 20)} MiB are left on the disk of ${directory}`;
  return words === '' ? left : `${left}; ${words}`;
}

/** In bytes; where nobody can tell there is enough. */
function roomOf(directory: string): number {
  try {
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize;
  } catch {
    return Infinity;
  }
}

function lastLine(directory: string): string {
  const lines = readIfThere(logPath(directory)).trim().split('\n');
  const last = lines.findLast((line) => /"level":"(fatal|error)"|panic/.test(line)) ?? lines.at(-1) ?? '';
  try {
    const { msg, error = '' } = JSON.parse(last) as { msg: string; error?: string };
    return error === '' ? msg : `${msg}: ${error}`;
  } catch {
    return last.slice(0, 300);
  }
}

function isAlive({ pid, startTime }: ProcessNote): boolean {
  const stat = readProcessStat(pid);
  return stat !== null && stat.startTime === startTime && !readState(pid).startsWith('Z');
}

/** One that has ended and waits for its parent is dead. */
function readState(pid: number): string {
  return /\) (\S)/.exec(readIfThere(`/proc/${pid}/stat`))?.[1] ?? 'Z';
}

/** Resolves to true when the other side closes the connection, which it does by ending, and to false when there is none. */
function hangUp(path: string, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    let isConnected = false;
    const stop = (): void => void socket.destroy();
    signal.addEventListener('abort', stop, { once: true });
    socket.once('connect', () => (isConnected = true));
    socket.on('error', () => undefined);
    socket.resume();
    socket.once('close', () => {
      signal.removeEventListener('abort', stop);
      resolve(isConnected);
    });
  });
}

function openLog(directory: string): number {
  const path = logPath(directory);
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > logBytes) renameSync(path, `${path}.1`);
  return openSync(path, 'a', 0o600);
}

function logPath(directory: string): string {
  return join(directory, 'etcd.log');
}

function notePath(directory: string): string {
  return join(directory, 'process.json');
}

/** A note that was damaged by a power cut tells of a process that is gone. */
function readNote(path: string): ProcessNote | null {
  try {
    return JSON.parse(readIfThere(path)) as ProcessNote;
  } catch {
    rmSync(path, { force: true });
    return null;
  }
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ESRCH')) return '';
    throw error;
  }
}
