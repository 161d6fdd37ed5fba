import { readBuild, readDaemonFacts } from '../../daemon/daemon-facts.ts';
import { TsstackError } from '../../model/errors.ts';
import { connectControl } from '../../rpc/client.ts';
import type { ControlClient } from '../../rpc/service-types.ts';
import type { CommandContext } from '../command-line/verb.ts';
import { daemonAddress, type DaemonAddress } from './daemon-address.ts';
import { mayHaveData, requireAccess } from './require-access.ts';
import { warnWhenStale } from './warn-when-stale.ts';

/**
 * A connection to the daemon of this command. When none answers:
 * - `start`: it is started, for verbs that bring something to life;
 * - `if-known`: it is started if it has data here; else there can be nothing, and the answers are those of an empty daemon.
 */
export async function connect(
  context: Pick<CommandContext, 'globals' | 'io'>,
  policy: 'start' | 'if-known',
): Promise<ControlClient> {
  return warnWhenStale(await connectOrStart(context, policy), context.io);
}

async function connectOrStart(
  context: Pick<CommandContext, 'globals' | 'io'>,
  policy: 'start' | 'if-known',
): Promise<ControlClient> {
  const address = daemonAddress(context.globals, context.io.env);
  try {
    const control = await connectControl(address.host);
    return address.roots === null ? control : await suited(control, address, address.roots, context.io, policy);
  } catch (error) {
    if (!(error instanceof TsstackError) || error.code !== 'unavailable') throw error;
    requireAccess(address.host);
    if (address.roots === null) throw notHere(address, error);
    if (policy === 'if-known' && !mayHaveData(address.roots.data)) return await emptyControl();
    return await startAndConnect(address, address.roots, context.io);
  }
}

/** The connection, or one to a new daemon when this one is of an older build. Costs two small files to be read. */
async function suited(
  control: ControlClient,
  address: DaemonAddress,
  roots: NonNullable<DaemonAddress['roots']>,
  io: CommandContext['io'],
  policy: 'start' | 'if-known',
): Promise<ControlClient> {
  const program = process.argv[1] ?? '';
  const build = readBuild(program);
  const facts = build === '' ? null : readDaemonFacts(roots.run);
  if (facts === null || facts.build === build) return control;
  const { meetOtherBuild } = await import('./other-build.ts');
  const start = (): Promise<ControlClient> => startAndConnect(address, roots, io);
  return meetOtherBuild(io, { control, facts, program, mayStart: policy === 'start', start });
}

async function startAndConnect(
  address: DaemonAddress,
  roots: NonNullable<DaemonAddress['roots']>,
  io: CommandContext['io'],
): Promise<ControlClient> {
  const { startDaemon } = await import('./start-daemon.ts');
  await startDaemon({ host: address.host, dataRoot: roots.data, runRoot: roots.run, env: io.env });
  return connectControl(address.host);
}

async function emptyControl(): Promise<ControlClient> {
  return (await import('./empty-control.ts')).emptyControl();
}

function notHere(address: DaemonAddress, cause: TsstackError): TsstackError {
  const isSocket = address.host.startsWith('unix:');
  const hint = isSocket
    ? `start it with \`tsstack daemon --host ${address.host} --data-root DIR\`, or set TSSTACK_DATA_ROOT to have it started`
    : 'start the daemon on that machine, or check the address';
  return new TsstackError('unavailable', cause.message, { cause, hint, retryable: true });
}
