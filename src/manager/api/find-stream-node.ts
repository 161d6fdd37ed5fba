import { TsstackError } from '../../model/errors.ts';
import type { NodeObject } from '../../model/objects.ts';
import type { OpenStream } from '../../rpc/messages.ts';
import { InvalidRequestError, NotFoundError } from '../errors.ts';
import type { Session } from '../dispatcher/sessions.ts';
import type { StoreView } from '../store/object-index.ts';

/** Session of the node that a stream is about: the task's, the named one, or the only one. Throws when it cannot be reached now. */
export function findStreamNode(
  view: StoreView,
  { taskId, nodeId }: OpenStream,
  sessionOf: (nodeId: string) => Session | undefined,
): Session {
  const node = taskId === '' ? findNode(view, nodeId) : nodeOfTask(view, taskId);
  const session = sessionOf(node.id);
  if (session !== undefined) return session;
  // A lost one may take any time; who asks is not to wait for it.
  if (node.state === 'down')
    throw new TsstackError('unavailable', `node ${node.hostname} is down since ${node.stateSince}`, {
      hint: 'see `tsstack node ls`',
    });
  throw new TsstackError('unavailable', `node ${node.hostname} is not connected (${node.state})`, { retryable: true });
}

function nodeOfTask(view: StoreView, taskId: string): NodeObject {
  const task = view.get('task', taskId);
  if (task === undefined) throw new NotFoundError(`no such container: ${taskId}`);
  const node = task.nodeId === null ? undefined : view.get('node', task.nodeId);
  if (node !== undefined) return node;
  throw new TsstackError('unavailable', `container ${task.containerName} is on no node yet: ${task.status.message}`);
}

function findNode(view: StoreView, nodeId: string): NodeObject {
  const nodes = view.all('node');
  const named = nodeId === '' ? nodes : nodes.filter(({ id, hostname }) => id === nodeId || hostname === nodeId);
  const [node, second] = named;
  if (node === undefined && nodeId !== '') throw new NotFoundError(`no such node: ${nodeId}`);
  if (node === undefined) throw new TsstackError('unavailable', 'no node has joined yet', { retryable: true });
  if (second !== undefined) throw new InvalidRequestError(`there are ${named.length} nodes: name one of them`);
  return node;
}
