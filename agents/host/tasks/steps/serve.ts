import type { TaskObject } from '../../../../src/model/objects.ts';
import { delay } from '../../abortable.ts';
import { describeError } from '../../errors.ts';
import type { SpannedNetwork } from '../../networks/overlay-service.ts';
import { interfacesOf, portOwnerOf } from '../prepare-network.ts';
import type { TaskWorker } from '../task-worker.ts';

/** Pause before another try to lead the traffic to a container. */
const retryMs = 1000;

/** A stop waits no longer than this for names and rules to change. */
const leaveMs = 2000;

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
 * Time in ms for the other hosts to hear that a container leaves. They hear it from the manager at the same moment as this host, and act within a
 * few milliseconds; with 250 ms connections were lost where three hosts shared two overloaded cores.
 */
const otherHostsMs = 1000;

/** Takes the names of its service and its ports from a container that is about to be told to end; what it is in the middle of goes on. */
export async function leave(worker: TaskWorker): Promise<void> {
  const { host } = worker;
  const { task, networks } = worker.record;
  const left = Promise.all([host.names.add(task, networks, false), host.networks.unpublish(task.id)]).catch(
    (error: unknown) =>
      host.log(`lead traffic away from container ${task.containerName}: ${describeError(error).message}`),
  );
  const elsewhere = isLedToFromElsewhere(task, host.networks.spanned)
    ? delay(otherHostsMs, worker.loop.released)
    : undefined;
  await Promise.race([Promise.all([left, elsewhere]), delay(leaveMs, worker.loop.released)]);
  worker.setServing(false, worker.record.prepared?.ports ?? []);
}

/** Whether other hosts lead connections to the container: by a port of the mesh or by its service's own address. */
function isLedToFromElsewhere({ id, serviceId }: TaskObject, spanned: readonly SpannedNetwork[]): boolean {
  return spanned.some(({ endpoints: { nodes, tasks, services } }) => {
    const own = tasks.find(({ taskId }) => taskId === id);
    if (own === undefined || nodes.length < 2) return false;
    return own.ports.length > 0 || services.some((service) => service.serviceId === serviceId);
  });
}
