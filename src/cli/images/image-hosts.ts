/** Hosts of a cluster as places of images. */
import { TsstackError } from '../../model/errors.ts';
import type { NodeObject } from '../../model/objects.ts';
import type { ControlClient } from '../../rpc/service-types.ts';
import { findNodeAmong } from '../../model/find-node.ts';
import { forEachLimited } from '../streams/for-each-limited.ts';
import { listNodes } from '../tasks/list-tasks.ts';

/** Hosts asked at the same time. */
const concurrentHosts = 16;
/** For one that is not heard of and not known to be down yet; to remove a large image takes a disk a few seconds. */
const answerDeadlineMs = 30_000;

/** A host to be asked about its images. */
export type ImageHost = Pick<NodeObject, 'id' | 'hostname' | 'state' | 'stateSince'>;

/** The agent of a daemon that has just started joins within moments, for which its manager waits. */
const notJoined: ImageHost = { id: '', hostname: '', state: 'unknown', stateSince: '' };

export interface HostAnswer<Answer> {
  readonly host: ImageHost;
  readonly answer: Answer;
}

/** How a host is asked: the target of its streams. */
type Ask<Answer> = (target: { readonly nodeId: string; readonly signal: AbortSignal }) => Promise<Answer>;

/** The hosts of those names, or all of the cluster, in the order of their names. */
export async function imageHosts(control: ControlClient, names: readonly string[]): Promise<readonly ImageHost[]> {
  const nodes = [...(await listNodes(control)).values()];
  if (names.length > 0) return [...new Set(names.map((name) => findNodeAmong(nodes, name)))];
  if (nodes.length === 0) return [notJoined];
  return nodes.toSorted((a, b) => (a.hostname < b.hostname ? -1 : 1));
}

/** Asks all of these hosts. One of several that is away is left out, and `onAway` is told so; when all are, that is the failure. */
export async function askHosts<Answer>(
  hosts: readonly ImageHost[],
  ask: Ask<Answer>,
  onAway: (problem: string) => void,
): Promise<readonly HostAnswer<Answer>[]> {
  const answers = new Map<ImageHost, Answer>();
  const failures: unknown[] = [];
  await forEachLimited(hosts, concurrentHosts, async (host) => {
    try {
      answers.set(host, await askOne(host, ask));
    } catch (error) {
      if (hosts.length < 2 || !isAway(error)) throw error;
      failures.push(error);
      onAway(error.message);
    }
  });
  if (answers.size === 0 && failures.length > 0) throw failures[0];
  return hosts.flatMap((host) => {
    const answer = answers.get(host);
    return answer === undefined ? [] : [{ host, answer }];
  });
}

async function askOne<Answer>(host: ImageHost, ask: Ask<Answer>): Promise<Answer> {
  const { id, hostname, state, stateSince } = host;
  if (state === 'down') throw new TsstackError('unavailable', `node ${hostname} is down since ${stateSince}`);
  const signal = AbortSignal.timeout(answerDeadlineMs);
  try {
    return await ask({ nodeId: id, signal });
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new TsstackError('timeout', `node ${hostname} has not answered within ${answerDeadlineMs / 1000} s`);
  }
}

function isAway(error: unknown): error is TsstackError {
  return error instanceof TsstackError && (error.code === 'unavailable' || error.code === 'timeout');
}
