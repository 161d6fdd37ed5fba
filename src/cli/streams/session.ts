/** Joins this command's own stdio with a process in a container. */
import type { Frame } from '../../rpc/messages.ts';
import type { DuplexStream } from '../../rpc/service-types.ts';
import type { CommandIo, SignalName } from '../command-line/io.ts';
import { writeOutput } from '../output/write-output.ts';
import { DetachKeys } from './detach-keys.ts';
import { readFrames } from './open-stream.ts';

export interface SessionOptions {
  /** The process has a terminal: ours is made raw, and its size follows ours. */
  readonly tty: boolean;
  /** Our standard input goes to the process. */
  readonly stdin: boolean;
  /** Bytes that end the session and leave the process alone; null = none. */
  readonly detachKeys: Buffer | null;
  /** Called with signals that we get, to be sent to the process; null = they have their usual effect. */
  readonly onSignal: ((name: SignalName) => void) | null;
}

export interface TerminalSize {
  readonly rows: number;
  readonly columns: number;
}

/** Size of the terminal of this command, or null when there is none. */
export function terminalSize({ stdout }: Pick<CommandIo, 'stdout'>): TerminalSize | null {
  const { rows, columns } = stdout;
  return rows === undefined || columns === undefined ? null : { rows, columns };
}

/** Resolves to the exit code of the process when it has ended, or to 0 after the detach keys. */
export async function runSession(
  stream: DuplexStream<Frame, Frame>,
  io: CommandIo,
  options: SessionOptions,
  frames: AsyncGenerator<Frame, number> = readFrames(stream),
): Promise<number> {
  const local = new LocalEnd(stream, io, options);
  try {
    for (let next = await frames.next(); ; next = await frames.next()) {
      if (next.done === true) return next.value;
      if (next.value.content === 'stdout') await writeOutput(io.stdout, next.value.stdout);
      if (next.value.content === 'stderr') await writeOutput(io.stderr, next.value.stderr);
    }
  } catch (error) {
    if (local.hasDetached) return 0;
    throw error;
  } finally {
    local.restore();
    stream.end();
  }
}

const forwardedSignals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGCONT'] as const;

/** Our side of the session: what it changes at our terminal, it changes back. */
class LocalEnd {
  readonly #stream: DuplexStream<Frame, Frame>;
  readonly #io: CommandIo;
  readonly #undo: (() => void)[] = [];
  readonly #keys: DetachKeys;
  hasDetached = false;

  constructor(stream: DuplexStream<Frame, Frame>, io: CommandIo, options: SessionOptions) {
    this.#stream = stream;
    this.#io = io;
    this.#keys = new DetachKeys(options.tty ? options.detachKeys : null);
    if (options.tty) this.#followTerminal();
    if (options.onSignal !== null) this.#forwardSignals(options.onSignal);
    if (options.stdin) this.#pumpInput();
    else this.#send({ content: 'end', end: true });
  }

  restore(): void {
    for (const undo of this.#undo.splice(0).toReversed()) undo();
  }

  #followTerminal(): void {
    if (this.#io.stdin.isTTY === true) {
      this.#io.setRawTerminal(true);
      this.#undo.push(() => this.#io.setRawTerminal(false));
    }
    const resize = (): void => {
      const size = terminalSize(this.#io);
      if (size !== null) this.#send({ content: 'resize', resize: size });
    };
    this.#undo.push(this.#io.onSignal('SIGWINCH', resize));
  }

  #forwardSignals(onSignal: (name: SignalName) => void): void {
    for (const name of forwardedSignals) this.#undo.push(this.#io.onSignal(name, () => onSignal(name)));
  }

  /** Reads as fast as the other end takes it. */
  #pumpInput(): void {
    const { stdin } = this.#io;
    const onData = (chunk: Buffer): void => {
      const { passed, isDetach } = this.#keys.filter(chunk);
      if (isDetach) return this.#detach();
      if (passed.length === 0) return;
      stdin.pause();
      this.#stream.write({ content: 'stdin', stdin: passed }).then(
        () => stdin.resume(),
        () => undefined, // the session is over, and its end says why
      );
    };
    const onEnd = (): void => this.#send({ content: 'end', end: true });
    stdin.on('data', onData);
    stdin.once('end', onEnd);
    this.#undo.push(() => {
      stdin.off('data', onData);
      stdin.off('end', onEnd);
      stdin.pause();
    });
  }

  #detach(): void {
    this.hasDetached = true;
    this.#stream.cancel();
  }

  #send(frame: Frame): void {
    this.#stream.write(frame).catch(() => undefined); // as above
  }
}
