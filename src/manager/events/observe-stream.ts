/** Events of streams into containers: commands that are run there, signals, and looks at them. */
import * as z from 'zod';
import { newId } from '../../model/ids.ts';
import type { Frame, OpenStream } from '../../rpc/messages.ts';
import type { DuplexStream } from '../../rpc/service-types.ts';

/** Tells of something that happened to the stream's container. */
export type NoteEvent = (action: string, attributes: Readonly<Record<string, string>>) => void;

/** The client's end of a stream about a running container, which notes what passes through it. */
export function observeStream(
  open: OpenStream,
  stream: DuplexStream<Frame, Frame>,
  note: NoteEvent,
): DuplexStream<Frame, Frame> {
  switch (open.kind) {
    case 'exec': {
      const exec = read(execArguments, open);
      return exec === undefined ? stream : observeExec(exec, stream, note);
    }
    case 'signal': {
      const sent = read(signalArguments, open);
      return sent === undefined ? stream : onExit(stream, (code) => code === 0 && note('kill', sent));
    }
    case 'attach':
    case 'top':
      note(open.kind, {});
      return stream;
    case 'files.pack':
      note('archive-path', {});
      return stream;
    case 'files.insert':
      note('extract-to-dir', {});
      return stream;
    default:
      return stream;
  }
}

const execArguments = z.object({ command: z.array(z.string()), detach: z.boolean() });
const signalArguments = z.object({ signal: z.string() });

/** Undefined for arguments that are wrong: that is for the agent to say. */
function read<Arguments>(schema: z.ZodType<Arguments>, open: OpenStream): Arguments | undefined {
  try {
    return schema.safeParse(JSON.parse(open.arguments)).data;
  } catch {
    return undefined;
  }
}

function observeExec(
  { command, detach }: z.infer<typeof execArguments>,
  stream: DuplexStream<Frame, Frame>,
  note: NoteEvent,
): DuplexStream<Frame, Frame> {
  const attributes = { execID: newId() };
  note(`exec_create: ${command.join(' ')}`, attributes);
  note(`exec_start: ${command.join(' ')}`, attributes);
  // The stream of a detached command ends with its start.
  return detach ? stream : onExit(stream, (code) => note('exec_die', { ...attributes, exitCode: String(code) }));
}

function onExit(stream: DuplexStream<Frame, Frame>, notice: (code: number) => void): DuplexStream<Frame, Frame> {
  return {
    [Symbol.asyncIterator]: () => stream[Symbol.asyncIterator](),
    write: (frame) => {
      if (frame.content === 'exit') notice(frame.exit.code);
      return stream.write(frame);
    },
    end: () => stream.end(),
    cancel: () => stream.cancel(),
  };
}
