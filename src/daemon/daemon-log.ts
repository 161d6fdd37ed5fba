import { closeSync, mkdirSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

const levels = ['error', 'info', 'debug'] as const;

export type LogLevel = (typeof levels)[number];

export function isLogLevel(text: string): text is LogLevel {
  return levels.some((level) => level === text);
}

/** Size at which a start of the daemon puts the old log aside as `.1`. */
const maxBytes = 10 * 1024 * 1024;

/**
 * The daemon's log file: one line per message with its time and level; on a terminal the lines are shown too. Written
 * synchronously: messages are few, and the last one before a crash matters most. No secret may be passed in.
 */
export class DaemonLog {
  readonly #descriptor: number;
  readonly #limit: number;
  readonly #isShown: boolean;

  constructor(path: string, level: LogLevel) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o710 });
    if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > maxBytes) renameSync(path, `${path}.1`);
    this.#descriptor = openSync(path, 'a', 0o640);
    this.#limit = levels.indexOf(level);
    this.#isShown = process.stderr.isTTY;
  }

  error(message: string): void {
    this.#write('error', message);
  }

  info(message: string): void {
    this.#write('info', message);
  }

  debug(message: string): void {
    this.#write('debug', message);
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #write(level: LogLevel, message: string): void {
    if (levels.indexOf(level) > this.#limit) return;
    const line = `${new Date().toISOString()} ${level} ${message.trimEnd().replaceAll('\n', '\n  ')}\n`;
    writeSync(this.#descriptor, line);
    if (this.#isShown) process.stderr.write(line);
  }
}
