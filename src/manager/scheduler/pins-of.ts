import { isEncrypted } from '../../model/network-options.ts';
import type { TaskObject } from '../../model/objects.ts';
import type { ObjectLookup } from '../store/object-index.ts';
import { hostPortsOf } from '../store/node-load.ts';
import { ownersOf } from '../tasks/shared-tasks.ts';
import type { Pins } from './filters/filter.ts';
import { predecessorsOf } from './predecessors.ts';
import { volumesOf } from './volumes-of.ts';

/** No node has this id: what is pinned to it waits. */
const nowhere = '';

/** Of a task that can be anywhere. */
export const noPins: Pins = {
  volumes: [],
  owners: [],
  hookOwner: null,
  predecessors: [],
  needsEncryption: false,
  replaced: null,
};

/** Where the task has to be because of others. Anonymous volumes only count on nodes that would do anyway. */
export function pinsOf(view: ObjectLookup, task: TaskObject, wouldDo: (nodeId: string) => boolean): Pins {
  const owners = ownersOf(task).flatMap((id) => view.get('task', id) ?? []);
  return {
    volumes: volumesOf(view, task).filter(
      ({ nodeId, anonymousOf }) => nodeId !== '' && (anonymousOf === null || wouldDo(nodeId)),
    ),
    owners: owners.map(({ nodeId }) => nodeId ?? nowhere),
    hookOwner: task.hookOf === null ? null : (view.get('task', task.hookOf.taskId)?.nodeId ?? nowhere),
    predecessors: predecessorsOf(view, task).flatMap(({ nodeId }) => nodeId ?? []),
    needsEncryption: needsEncryption(view, task),
    replaced: replacedBy(view, task),
  };
}

/** Whether it is on a network that no node can be on that does not encrypt. */
export function needsEncryption(view: ObjectLookup, { attachments }: TaskObject): boolean {
  const isOnEncrypted = attachments.some(({ networkId }) => {
    const network = view.get('network', networkId);
    return network !== undefined && isEncrypted(network.spec);
  });
  return isOnEncrypted && view.all('node').length > 1;
}

function replacedBy(view: ObjectLookup, { rollout }: TaskObject): Pins['replaced'] {
  const old = rollout?.order === 'start-first' ? view.get('task', rollout.replaces) : undefined;
  return old === undefined || old.nodeId === null ? null : { nodeId: old.nodeId, ports: hostPortsOf(old) };
}

/** Tasks that are otherwise alike and have equal keys can be placed alike. */
export function pinsKeyOf({ volumes, owners, hookOwner, predecessors, needsEncryption, replaced }: Pins): string {
  const single = [
    hookOwner,
    needsEncryption ? 'encrypted' : null,
    replaced?.nodeId ?? null,
    replaced?.ports.join() ?? null,
  ];
  const several = [volumes.map(({ nodeId }) => nodeId), owners, predecessors];
  return [...several.map((nodes) => nodes.join()), ...single.map((pin) => pin ?? '')].join(' ');
}
