import type { NodeObject, TaskObject } from '../../model/objects.ts';
import type { ControlClient } from '../../rpc/service-types.ts';
import { ObjectView } from './object-view.ts';

/** Objects of the given kinds as they are now. */
export async function listObjects(
  control: ControlClient,
  stack: string,
  kinds: readonly string[],
): Promise<ObjectView> {
  const view = new ObjectView();
  const { objects } = await control.listObjects({ stack, kinds });
  view.apply({ objects, synced: true });
  return view;
}

/** Containers of a stack, in the order of their names (`web-2` before `web-10`). */
export async function listTasks(control: ControlClient, stack: string): Promise<readonly TaskObject[]> {
  return sortTasks((await listObjects(control, stack, ['task'])).tasks);
}

/** The nodes of the cluster, by id. */
export async function listNodes(control: ControlClient): Promise<ReadonlyMap<string, NodeObject>> {
  const view = await listObjects(control, '', ['node']);
  return new Map(view.ofKind('node').map((node) => [node.id, node]));
}

/** By service, then number; one-offs last. Of those in one place, as a container and the one that it replaces, the newest first. */
export function sortTasks(tasks: readonly TaskObject[]): readonly TaskObject[] {
  return tasks.toSorted(
    (a, b) =>
      Number(a.oneOff !== null) - Number(b.oneOff !== null) ||
      compareText(a.service, b.service) ||
      a.slot - b.slot ||
      compareText(a.containerName, b.containerName) ||
      compareText(b.createdAt, a.createdAt),
  );
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
