import { TsstackError } from '../../model/errors.ts';
import type { NodeObject, TaskObject } from '../../model/objects.ts';
import type { ControlClient } from '../../rpc/service-types.ts';
import { followObjects } from './follow-objects.ts';
import { ObjectView } from './object-view.ts';

/** Tens of megabytes, from another host. */
const answerMs = 60_000;

/** Objects of the given kinds as they are now; those that no answer is large enough for come by a watch. */
export async function listObjects(
  control: ControlClient,
  stack: string,
  kinds: readonly string[],
): Promise<ObjectView> {
  try {
    const { objects, leader } = await control.listObjects({ stack, kinds });
    const view = new ObjectView(leader);
    view.apply({ objects, synced: true });
    return view;
  } catch (error) {
    if (!(error instanceof TsstackError && error.code === 'exhausted')) throw error;
    return followObjects(control, { stack, kinds }, AbortSignal.timeout(answerMs), () => true);
  }
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
