import { watch } from 'node:fs';
import { dirname } from 'node:path';
import { TsstackError } from '../../model/errors.ts';
import { socketPath } from '../../model/socket-path.ts';
import { connectControl } from '../../rpc/client.ts';

/** Resolves when somebody answers at a unix socket that a starting daemon is about to open; tries at each change in its directory. */
export async function waitForSocket(host: string, timeoutMs: number): Promise<void> {
  const path = socketPath(host);
  if (path === null) throw new TsstackError('internal', `wait for ${host}: not a unix socket`);
  const deadline = AbortSignal.timeout(timeoutMs);
  let changed = Promise.withResolvers<void>();
  const watcher = watch(dirname(path), () => changed.resolve());
  deadline.addEventListener('abort', () => changed.resolve(), { once: true });
  try {
    while (!(await answers(host))) {
      if (deadline.aborted)
        throw new TsstackError('timeout', `wait for the daemon at ${host}: no answer after ${timeoutMs / 1000} s`, {
          hint: 'one is running on the same data root, perhaps at another address: see daemon.log there',
        });
      await changed.promise;
      changed = Promise.withResolvers<void>();
    }
  } finally {
    watcher.close();
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
