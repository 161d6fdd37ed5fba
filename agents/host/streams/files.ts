import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { TsstackError } from '../../../src/model/errors.ts';
import { abortable } from '../abortable.ts';
import { ContainerStateError, TaskError } from '../errors.ts';
import type { FileProgram } from '../native/file-program.ts';
import { NativeError } from '../native/native-error.ts';
import type { TaskTable } from '../tasks/task-table.ts';
import { bytesOf } from './bytes-of.ts';
import { fileRootOf } from './file-root.ts';
import type { RelayStream } from './relay-stream.ts';

/** Says what lies at a path of a container. */
export async function serveLook(
  tasks: TaskTable,
  files: FileProgram,
  stream: RelayStream<'files.look'>,
): Promise<number> {
  const { path, follow } = stream.arguments;
  const worker = tasks.get(stream.taskId);
  const found = worker.copies.run(stream.signal, (signal) => files.look(fileRootOf(worker), path, follow, signal));
  await stream.document(await explained(found, worker.task.containerName, path));
  return 0;
}

/** Sends a file or directory of a container, as fast as the client takes it. */
export async function servePack(
  tasks: TaskTable,
  files: FileProgram,
  stream: RelayStream<'files.pack'>,
): Promise<number> {
  const worker = tasks.get(stream.taskId);
  await worker.copies.run(stream.signal, async (signal) => {
    const { archive, result } = files.pack(fileRootOf(worker), stream.arguments, signal);
    try {
      // A client that takes nothing must not hold up what has to wait for the copy.
      await abortable(sendAll(archive, stream), signal);
      await explained(result, worker.task.containerName, stream.arguments.path);
    } finally {
      archive.destroy();
      await result.catch(() => undefined);
    }
  });
  return 0;
}

async function sendAll(archive: Readable, stream: RelayStream<'files.pack'>): Promise<void> {
  for await (const chunk of archive) await stream.write({ content: 'stdout', stdout: chunk as Buffer });
}

/** Unpacks into a directory of a container what the client sends. */
export async function serveInsert(
  tasks: TaskTable,
  files: FileProgram,
  { taskId, arguments: { directory, keepOwners }, frames, signal }: RelayStream<'files.insert'>,
): Promise<number> {
  const worker = tasks.get(taskId);
  await worker.copies.run(signal, async (limit) => {
    const { input, result } = files.insert(fileRootOf(worker), { directory, name: '.', keepOwners }, limit);
    // What the program says of an archive that broke off, or that it wants no more of, says more.
    pipeline(bytesOf(frames), input).catch(() => undefined);
    await explained(result, worker.task.containerName, directory);
  });
  return 0;
}

/** The program speaks of paths and system calls; whose they are is known here. */
async function explained<Result>(result: Promise<Result>, name: string, path: string): Promise<Result> {
  try {
    return await result;
  } catch (error) {
    throw error instanceof NativeError ? explain(error, name, path) : error;
  }
}

function explain(error: NativeError, name: string, path: string): TsstackError {
  const place = error.path === '' ? path : `/${error.path.replace(/^\/+/, '')}`;
  const cause = { cause: error };
  if (error.nativeCode === 'not-found') return new TaskError('not-found', `container ${name} has no ${path}`, cause);
  switch (error.errno) {
    case 'EROFS':
      return new ContainerStateError(
        name,
        `is read-only at ${place}`,
        'copy into a volume that it may write to, or take `read_only` away from the service',
      );
    case 'EBUSY':
      return new TaskError('conflict', `container ${name}: ${place} is mounted there and cannot be replaced`, {
        ...cause,
        hint: 'change the file that is mounted, on its host',
      });
    case 'ELOOP':
      return new TaskError('invalid', `container ${name}: ${place} leads through a link that cannot be followed`, {
        ...cause,
        hint: 'links of /proc lead out of the container, others in a circle',
      });
    default:
      return new TaskError(error.code, `container ${name}: ${error.message}`, cause);
  }
}
