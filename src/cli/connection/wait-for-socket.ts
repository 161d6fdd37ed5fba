import { watch, type FSWatcher } from 'node:fs';
import { dirname } from 'node:path';
import { TsstackError } from '../../model/errors.ts';
import { socketPath } from '../../model/socket-path.ts';
import { connectControl } from '../../rpc/client.ts';

/** Resolves when somebody answers at a unix socket that a starting daemon is about to open; tries at each change in its directory. */
export async function waitForSocket(host: string, timeoutMs: number): Promise<void> {
  const path = socketPath(host);
  const deadline = AbortSignal.timeout(timeoutMs);
  let changed = Promise.withResolvers<void>();
  const watcher = watchDirectory(host, path, () => changed.resolve());
  deadline.addEventListener('abort', () => changed.resolve(), { once: true });
  try {
    while (!(await answers(host))) {
      if (deadline.aborted)
        throw new TsstackError('timeout', `wait for the daemon at ${host}: no answer after ${timeoutMs / 1000} s`, {
          hint: elsewhere,
        });
      await changed.promise;
      changed = Promise.withResolvers<void>();
    }
  } finally {
    watcher.close();
  }
}

const elsewhere = 'one is running on the same data root, perhaps at another address: see daemon.log there';

/** Throws when there is no directory in which a socket could come up. */
function watchDirectory(host: string, path: string, onChange: () => void): FSWatcher {
  try {
    return watch(dirname(path), onChange);
  } catch (cause) {
    throw new TsstackError('unavailable', `wait for the daemon at ${host}: there is no ${dirname(path)}`, {
      cause,
      hint: elsewhere,
    });
  }
}

async function answers(host: string): Promise<boolean> {
  try {
    (await connectControl(host)).close();
    return true;
  } catch {
    return false;
  }
}
