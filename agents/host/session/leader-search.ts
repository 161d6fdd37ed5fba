import { delay } from '../abortable.ts';
import type { ManagerAccess } from './manager-access.ts';

/** A connection or a heartbeat without an answer for so long is a reason to ask others, in ms. A manager that is only busy loses no session by it. */
const doubtMs = 1000;

/**
 * What all nodes would do in the same moment is spread over so long for each of them, and at most so long in all, in ms: a session costs its manager
 * some milliseconds, and nodes that are away for 12 s are lost.
 */
const spreadPerNodeMs = 20;
const maxSpreadMs = 4000;

/** Finds out that another manager leads while the known one is not heard, instead of trying one after the other. */
export class LeaderSearch {
  readonly #managers: Pick<ManagerAccess, 'newLeader'>;
  readonly #random: () => number;
  #nodes = 0;
  #waiting: AbortController | null = null;
  #asking: AbortController | null = null;
  #moved = new AbortController();

  constructor(managers: Pick<ManagerAccess, 'newLeader'>, random: () => number = Math.random) {
    this.#managers = managers;
    this.#random = random;
  }

  /** How many nodes there are. */
  noteNodes(nodes: number): void {
    this.#nodes = nodes;
  }

  /** For the next attempt to hold a session, and the pause after it: aborted when the manager to go to is another one by now. */
  begin(): AbortSignal {
    this.#moved = new AbortController();
    this.expectAnswer();
    return this.#moved.signal;
  }

  /** The manager was asked for something that it always answers at once. */
  expectAnswer(): void {
    if (this.#asking !== null || this.#waiting !== null) return;
    const waiting = new AbortController();
    this.#waiting = waiting;
    void delay(doubtMs, waiting.signal).then(() => {
      if (!waiting.signal.aborted) this.doubt();
    });
  }

  /** The manager has answered. */
  answered(): void {
    this.#waiting?.abort();
    this.#asking?.abort();
    this.#waiting = null;
    this.#asking = null;
  }

  /** There is no way to the manager, or it is silent: others are asked. */
  doubt(): void {
    if (this.#asking !== null) return;
    this.answered();
    const asking = new AbortController();
    this.#asking = asking;
    void this.#ask(asking.signal).then((isFound) => {
      if (asking.signal.aborted) return;
      this.#asking = null;
      if (isFound) this.#moved.abort();
    });
  }

  /** False when nobody can tell: the next failure asks again. */
  async #ask(signal: AbortSignal): Promise<boolean> {
    await this.#takeTurn(signal);
    try {
      await this.#managers.newLeader(signal);
    } catch {
      return false;
    }
    await this.#takeTurn(signal);
    return true;
  }

  /** All nodes lose their manager in the same moment, and hear of the next one in the same moment. */
  #takeTurn(signal: AbortSignal): Promise<void> {
    return delay(this.#random() * Math.min(this.#nodes * spreadPerNodeMs, maxSpreadMs), signal);
  }
}
