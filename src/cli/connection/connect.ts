import { readBuild, readDaemonFacts } from '../../daemon/daemon-facts.ts';
import { TsstackError } from '../../model/errors.ts';
import { connectControl } from '../../rpc/client.ts';
import type { ControlClient } from '../../rpc/service-types.ts';
import type { CommandContext } from '../command-line/verb.ts';
import { daemonAddress, type DaemonAddress } from './daemon-address.ts';
import { mayHaveData, requireAccess } from './require-access.ts';
import { warnWhenStale } from './warn-when-stale.ts';

/** Longer than any daemon is busy, even where the machine has too much to do. */
const connectTimeoutMs = 10_000;

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
  const control = await connectIfThere(address);
  if (address.roots === null) return control ?? notHere(address);
  if (control !== null) return suited(control, address, address.roots, context.io, policy);
  if (policy === 'if-known' && !mayHaveData(address.roots.data)) return emptyControl();
  return startAndConnect(address, address.roots, context.io);
}

/** Null when nobody listens there. */
async function connectIfThere(address: DaemonAddress): Promise<ControlClient | null> {
  try {
    return await connectControl(address.host, { connectTimeoutMs });
  } catch (error) {
    if (error instanceof TsstackError && error.code === 'timeout') throw silent(address, error);
    if (!(error instanceof TsstackError) || error.code !== 'unavailable') throw error;
    requireAccess(address.host);
    return null;
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

/** It listens, but does not speak. */
function silent({ host, roots }: DaemonAddress, cause: TsstackError): TsstackError {
  const pid = roots === null ? undefined : readDaemonFacts(roots.run)?.pid;
  const hint =
    pid === undefined
      ? 'it is stopped, hangs, or is no tsstack daemon'
      : `if its process ${pid} is stopped, \`kill -CONT ${pid}\`; if it hangs, \`kill -9 ${pid}\`: containers run on, the next command starts another one`;
  const message = `the daemon at ${host} has not answered within ${connectTimeoutMs / 1000} s`;
  return new TsstackError('timeout', message, { cause, hint, retryable: true });
}

function notHere({ host }: DaemonAddress): never {
  const hint = `start it with \`tsstack daemon --host ${host} --data-root DIR\`, or set TSSTACK_DATA_ROOT to have it started`;
  throw new TsstackError('unavailable', `connect to ${host}: nobody answers`, { hint, retryable: true });
}
