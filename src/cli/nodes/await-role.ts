import { setTimeout as delay } from 'node:timers/promises';
import { TsstackError } from '../../model/errors.ts';
import type { NodeObject } from '../../model/objects.ts';
import type { ControlClient } from '../../rpc/service-types.ts';
import { connectDaemon } from '../connection/connect-daemon.ts';
import { connect } from '../connection/connect.ts';
import type { CommandContext } from '../command-line/verb.ts';
import { writeWarnings } from '../output/write-warnings.ts';
import { followObjects } from '../tasks/follow-objects.ts';

/** A new manager is there in seconds; the first one after the first waits for the store to move, which may take a minute. */
const patienceMs = 90_000;

/** Pause before a manager that has just lost its connections is asked again: which of them leads by then is announced to managers only. */
const pauseMs = 300;

/** Resolves when the node has that role; throws when it cannot. One that is not heard of will take it when it is back, which is told. */
export async function awaitRole(
  context: Pick<CommandContext, 'globals' | 'io'>,
  first: ControlClient,
  id: string,
  role: string,
): Promise<void> {
  const signal = AbortSignal.timeout(patienceMs);
  for (let control = first; ;) {
    try {
      tell(context, await follow(control, id, role, signal), role);
      // If it is this host, it has just begun to be that.
      return void (await isOwnRole(context, id, role));
    } catch (error) {
      if (signal.aborted) throw late(role);
      if (!(error instanceof TsstackError) || !isBetweenRoles(error)) throw error;
    }
    // The daemon that was asked may be the one whose role changes.
    if (await isOwnRole(context, id, role)) return;
    await delay(pauseMs, undefined, { signal }).catch(() => undefined);
    control = await connect(context, 'if-known');
  }
}

async function follow(
  control: ControlClient,
  id: string,
  role: string,
  signal: AbortSignal,
): Promise<NodeObject | undefined> {
  const find = (nodes: readonly NodeObject[]): NodeObject | undefined => nodes.find((node) => node.id === id);
  const view = await followObjects(control, { stack: '', kinds: ['node'] }, signal, (seen) => {
    const node = find(seen.ofKind('node'));
    return (
      node?.roleChange == null || node.roleChange.to !== role || node.roleChange.problem !== '' || node.state === 'down'
    );
  });
  return find(view.ofKind('node'));
}

function tell({ io }: Pick<CommandContext, 'io'>, node: NodeObject | undefined, role: string): void {
  if (node === undefined) throw new TsstackError('not-found', 'the node was removed meanwhile');
  if (node.role === role) return;
  if (node.roleChange === null)
    throw new TsstackError('conflict', `${node.hostname} is a ${node.role}: another role was asked for meanwhile`);
  if (node.roleChange.problem !== '')
    throw new TsstackError('conflict', `${node.hostname} is still a ${node.role}: ${node.roleChange.problem}`, {
      hint: 'run the command again when that is mended',
    });
  writeWarnings(io, [`${node.hostname} is down: it will be a ${role} when it is back`]);
}

/** Whether this host is that node, and what it is to be. */
async function isOwnRole(context: Pick<CommandContext, 'globals' | 'io'>, id: string, role: string): Promise<boolean> {
  const host = await connectDaemon(context, 'if-known');
  const status = await host.getClusterStatus({}, { deadlineMs: patienceMs });
  return status.nodeId === id && status.role === role;
}

/**
 * Streams of a daemon end with its role, and while it has none it says so. What one that becomes a worker still passes on, other managers refuse:
 * its certificate is that of a worker already.
 */
function isBetweenRoles({ code }: TsstackError): boolean {
  return code === 'unavailable' || code === 'canceled' || code === 'unsupported' || code === 'permission';
}

function late(role: string): TsstackError {
  return new TsstackError('timeout', `the node is not a ${role} yet`, {
    hint: 'it goes on trying: `tsstack node ls` shows what it is, `tsstack cluster status` there what it waits for',
  });
}
