import { setTimeout as delay } from 'node:timers/promises';
import { TsstackError } from '../../model/errors.ts';
import type { ControlClient } from '../../rpc/service-types.ts';
import type { CommandContext } from '../command-line/verb.ts';
import { writeWarnings } from '../output/write-warnings.ts';
import { connect } from './connect.ts';

/** Time for a daemon that has ended to be there again: an update of it takes a few seconds, a leader that follows another one 5 s. */
const patienceMs = 30_000;
/** Pauses between attempts, each twice the one before. */
const firstPauseMs = 100;
const longestPauseMs = 2000;
/** For the answer to whether anybody is there. */
const answerDeadlineMs = 5000;

/** A connection for commands that go on for long: when the daemon ends, it is waited for, or started again as by any other verb. */
export class SteadyConnection {
  readonly #context: Pick<CommandContext, 'globals' | 'io'>;
  #control: ControlClient;
  #restoring: Promise<void> | null = null;

  constructor(context: Pick<CommandContext, 'globals' | 'io'>, control: ControlClient) {
    this.#context = context;
    this.#control = control;
  }

  get control(): ControlClient {
    return this.#control;
  }

  /** Resolves to true when this connection works, or another one has taken its place. */
  async works(control: ControlClient): Promise<boolean> {
    if (control !== this.#control) return true;
    try {
      await control.getInfo({}, { deadlineMs: answerDeadlineMs });
      return true;
    } catch (error) {
      if (!isCut(error)) throw error;
      return false;
    }
  }

  /** Has the daemon back after `failed` was cut, or rejects when that takes too long. Says so, once for all who wait. */
  async restored(failed: ControlClient, cause: unknown): Promise<void> {
    if (failed !== this.#control) return;
    this.#restoring ??= this.#restore(cause).finally(() => (this.#restoring = null));
    await this.#restoring;
  }

  async #restore(cause: unknown): Promise<void> {
    const { io } = this.#context;
    writeWarnings(io, ['the daemon has ended, containers run on; waiting until it is back']);
    const before = this.#control;
    this.#control = await this.#reconnect(cause);
    before.close();
    writeWarnings(io, ['the daemon is back']);
  }

  async #reconnect(cause: unknown): Promise<ControlClient> {
    const deadline = Date.now() + patienceMs;
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
      try {
        return await connect(this.#context, 'start');
      } catch (error) {
        if (Date.now() + pauseMs > deadline) throw this.#notBack(error, cause);
      }
      await delay(pauseMs);
    }
  }

  #notBack(error: unknown, cause: unknown): TsstackError {
    const why = error instanceof Error ? error.message : String(error);
    return new TsstackError(
      'unavailable',
      `the daemon has ended, and is not back after ${patienceMs / 1000} s: ${why}`,
      {
        cause,
        hint: 'containers run on; the log of the daemon says why it ended (`tsstack info` shows where it is), the same command goes on where this one stopped',
      },
    );
  }
}

/** True for an error that may be due to the end of a daemon, or of a host. */
export function isCut(error: unknown): boolean {
  return error instanceof TsstackError && (error.code === 'unavailable' || error.code === 'timeout');
}
