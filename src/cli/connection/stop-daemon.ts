import { TsstackError } from '../../model/errors.ts';
import { connectControl } from '../../rpc/client.ts';
import type { CommandContext } from '../command-line/verb.ts';
import { daemonAddress } from './daemon-address.ts';
import { endDaemon } from './end-daemon.ts';
import { requireAccess } from './require-access.ts';

/** Ends the daemon of this machine and resolves when its process is gone. None running is what was wanted. */
export async function stopDaemon(context: Pick<CommandContext, 'globals' | 'io'>): Promise<number> {
  const pid = await findDaemon(context);
  if (pid === null) {
    context.io.stderr.write('No daemon is running\n');
    return 0;
  }
  await endDaemon(pid);
  return 0;
}

async function findDaemon(context: Pick<CommandContext, 'globals' | 'io'>): Promise<number | null> {
  const { host } = daemonAddress(context.globals, context.io.env);
  try {
    const control = await connectControl(host);
    const { pid } = await control.getInfo({});
    control.close();
    return pid;
  } catch (error) {
    if (!(error instanceof TsstackError) || error.code !== 'unavailable') throw error;
    requireAccess(host);
    return null;
  }
}
