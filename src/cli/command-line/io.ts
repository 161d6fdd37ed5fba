import type { Readable, Writable } from 'node:stream';
import { TsstackError } from '../../model/errors.ts';

/** A stream that may be a terminal. */
export type OutputStream = Writable & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number };
type InputStream = Readable & { readonly isTTY?: boolean };

export type SignalName = 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'SIGQUIT' | 'SIGUSR1' | 'SIGUSR2' | 'SIGWINCH' | 'SIGCONT';

/** The world of one command; the real one is the process, tests have their own. */
export interface CommandIo {
  readonly stdin: InputStream;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Hands a terminal's input on as it is typed and what is written to it as it is, or gives it back its usual ways. */
  setRawTerminal(raw: boolean): void;
  /** Calls back for each signal of that name until the returned function is called; the signal's own effect is off meanwhile. */
  onSignal(signal: SignalName, handler: () => void): () => void;
}

/** The process's own streams, environment and signals. */
export function processIo(): CommandIo {
  return {
    // Opened by the few commands that read it.
    get stdin() {
      return process.stdin;
    },
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    // Asked for by those that need it: the others work where the directory is gone.
    get cwd() {
      return workingDirectory();
    },
    setRawTerminal,
    onSignal(signal, handler) {
      process.on(signal, handler);
      return () => process.off(signal, handler);
    },
  };
}

function workingDirectory(): string {
  try {
    return process.cwd();
  } catch (cause) {
    const hint = 'it was removed or made anew; `cd` to one that exists';
    throw new TsstackError('not-found', 'the working directory is no longer there', { hint, cause });
  }
}

function setRawTerminal(raw: boolean): void {
  process.stdin.setRawMode(raw);
  // Node's raw mode still turns LF into CR LF, which the terminal in the container has done already: programs that draw would be a mess.
  // The module is got here, because hardly any command needs it.
  if (raw)
    process
      .getBuiltinModule('node:child_process')
      .spawnSync('stty', ['-opost'], { stdio: ['inherit', 'ignore', 'ignore'] });
}
