import { dirname, join } from 'node:path';
import { socketPath } from '../../model/socket-path.ts';
import type { CommandIo } from '../command-line/io.ts';
import type { GlobalFlags } from '../command-line/global-flags.ts';

/** Where a daemon listens and keeps its things. */
export interface DaemonAddress {
  /** `unix:///path` */
  readonly host: string;
  /** Null when nobody said where that daemon keeps its data. */
  readonly roots: { readonly data: string; readonly run: string } | null;
}

const defaultRunRoot = '/run/tsstack';
const defaultDataRoot = '/var/lib/tsstack';

/** The daemon of this command: --host, TSSTACK_HOST, or the one below TSSTACK_RUN_ROOT (default /run/tsstack). */
export function daemonAddress(globals: Pick<GlobalFlags, 'host'>, env: CommandIo['env']): DaemonAddress {
  const runRoot = env['TSSTACK_RUN_ROOT'] || defaultRunRoot;
  const socket = socketPath(globals.host || env['TSSTACK_HOST'] || join(runRoot, 'tsstack.sock'));
  const host = `unix://${socket}`;
  const isDefault = socket === join(defaultRunRoot, 'tsstack.sock');
  // Another socket with the default data would be a second daemon on the first one's containers.
  const data = env['TSSTACK_DATA_ROOT'] || (isDefault ? defaultDataRoot : undefined);
  if (data === undefined) return { host, roots: null };
  return { host, roots: { data, run: env['TSSTACK_RUN_ROOT'] || dirname(socket) } };
}
