import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { CommandIo } from '../command-line/io.ts';

/** One call of a program. */
export interface ProgramCall {
  readonly path: string;
  readonly args: readonly string[];
  readonly env: CommandIo['env'];
  readonly cwd: string;
  readonly signal: AbortSignal | undefined;
}

/** How it ended. */
export interface ProgramEnd {
  readonly isGood: boolean;
  /** `exit status 3: what it said last`. */
  readonly text: string;
}

/** As much of what a program says of its failure as is shown. */
const shownCharacters = 500;

/**
 * Runs a program and hands over each line of its output, with the stream to answer on. When `onLine` throws, or the signal is
 * aborted, the program is ended and the error passed on.
 */
export async function runProgram(
  call: ProgramCall,
  onLine: (line: string, answer: Writable) => void,
): Promise<ProgramEnd> {
  call.signal?.throwIfAborted();
  const child = spawn(call.path, call.args, { cwd: call.cwd, env: call.env, signal: call.signal, stdio: 'pipe' });
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  ended.catch(() => undefined); // waited for below
  // It need not read what it is told.
  child.stdin.on('error', () => undefined);
  try {
    const [complaint] = await Promise.all([text(child.stderr), readLines(child.stdout, child.stdin, onLine)]);
    child.stdin.end();
    const [code, signal] = await ended;
    return { isGood: code === 0, text: describeEnd(signal ?? `exit status ${code ?? 0}`, complaint) };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

async function readLines(
  output: Readable,
  answer: Writable,
  onLine: (line: string, answer: Writable) => void,
): Promise<void> {
  for await (const line of createInterface({ input: output, crlfDelay: Infinity })) {
    if (line.trim() !== '') onLine(line, answer);
  }
}

function describeEnd(end: string, complaint: string): string {
  const said = complaint.trim().slice(-shownCharacters);
  return said === '' ? end : `${end}: ${said}`;
}
