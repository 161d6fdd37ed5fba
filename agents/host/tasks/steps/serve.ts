import type { TaskObject } from '../../../../src/model/objects.ts';
import { delay } from '../../abortable.ts';
import { describeError } from '../../errors.ts';
import type { SpannedNetwork } from '../../networks/overlay-service.ts';
import { interfacesOf, portOwnerOf } from '../prepare-network.ts';
import type { TaskWorker } from '../task-worker.ts';

/** Pause before another try to lead the traffic to a container. */
const retryMs = 1000;

/** A stop waits no longer than this for names and rules of this host to change. */
const leaveMs = 2000;

/** And no longer than this for those of all hosts: a manager answers within 3 s, and there may be another one by then. */
const leaveHostsMs = 4000;

/** Gives a container that came up beside another one the names of its service, and the other one's published ports. */
export async function serve(worker: TaskWorker): Promise<void> {
  const { host } = worker;
  const { task, networks, prepared } = worker.record;
  if (prepared === null) return;
  try {
    const { ports } = task.spec;
    const from = task.rollout?.replaces ?? null;
    const published =
      ports.length === 0 || task.attachments.length === 0
        ? []
        : await host.networks.publish(portOwnerOf(task), interfacesOf(task, networks), ports, from);
    await worker.setPrepared({ ...prepared, ports: published });
    await host.names.add(task, networks, true);
    worker.setServing(true, published);
  } catch (error) {
    host.log(`lead traffic to container ${task.containerName}: ${describeError(error).message}`);
    await worker.loop.pause(retryMs);
  }
}

/**
 * Takes the names of its service and its ports from a container that is about to be told to end; what it is in the middle of goes on. Where other
 * hosts, or clients of a virtual address, know of it, they are led to others first: then it is there for whoever comes until nobody does.
 */
export async function leave(worker: TaskWorker): Promise<void> {
  const { host } = worker;
  const { task, networks, prepared } = worker.record;
  worker.setServing(false, prepared?.ports ?? []);
  if (isSpanned(task, host.networks.spanned)) await leaveHosts(worker);
  const left = Promise.all([host.names.add(task, networks, false), host.networks.unpublish(task.id)]).catch(
    (error: unknown) =>
      host.log(`lead traffic away from container ${task.containerName}: ${describeError(error).message}`),
  );
  await Promise.race([left, delay(leaveMs, worker.loop.released)]);
}

async function leaveHosts({ host, task, loop }: TaskWorker): Promise<void> {
  const tell = (problem: string): void => host.log(`container ${task.containerName} ends, though ${problem}`);
  try {
    const late = await host.leadAway(task.id, AbortSignal.any([loop.released, AbortSignal.timeout(leaveHostsMs)]));
    if (late.length > 0) tell(`others may still be led to it by ${late.join(', ')}`);
  } catch {
    if (!loop.released.aborted) tell('no manager has said that nobody is led to it any more');
  }
}

/** Whether others than this container's own names and ports may lead to it. */
function isSpanned({ attachments }: TaskObject, spanned: readonly SpannedNetwork[]): boolean {
  return attachments.some(({ networkId }) => spanned.some(({ network }) => network.id === networkId));
}
