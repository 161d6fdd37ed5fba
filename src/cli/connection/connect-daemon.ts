import { connectHost } from '../../rpc/client.ts';
import type { HostClient } from '../../rpc/service-types.ts';
import type { CommandContext } from '../command-line/verb.ts';
import { connect } from './connect.ts';
import { daemonAddress } from './daemon-address.ts';

/** A connection to the daemon of this host as the host's own, whatever its role; started as with `connect`. */
export async function connectDaemon(
  context: Pick<CommandContext, 'globals' | 'io'>,
  policy: 'start' | 'if-known',
): Promise<HostClient> {
  // It knows how to start a daemon, and what to say of one that is not there.
  (await connect(context, policy)).close();
  return connectHost(daemonAddress(context.globals, context.io.env).host);
}
