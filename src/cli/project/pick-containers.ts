import { TsstackError } from '../../model/errors.ts';
import type { NodeObject, TaskObject } from '../../model/objects.ts';
import { isUp } from '../output/container-row.ts';
import { sortTasks } from '../tasks/list-tasks.ts';

/** All containers of a service that exist, running or not, by number; of a number that has several, those that run. With `index` the one. */
export function pickContainers(
  tasks: readonly TaskObject[],
  service: string,
  { index, oneOffs }: { readonly index: number | undefined; readonly oneOffs: boolean },
): readonly [TaskObject, ...TaskObject[]] {
  const own = tasks.filter((task) => task.service === service && task.status.container !== null);
  const replicas = own.filter(({ oneOff }) => oneOff === null);
  const running = new Set(replicas.filter(isUp).map(({ slot }) => slot));
  const current = replicas.filter((task) => isUp(task) || !running.has(task.slot));
  const [first, ...more] = sortTasks(
    index === undefined
      ? [...current, ...own.filter(({ oneOff }) => oneOffs && oneOff !== null)]
      : current.filter(({ slot }) => slot === index),
  );
  if (first !== undefined) return [first, ...more];
  const which = index === undefined ? '' : ` #${index}`;
  throw new TsstackError('not-found', `service "${service}" has no container${which}`, {
    hint: index === undefined ? `make it with \`tsstack create ${service}\`` : 'see `tsstack ps -a`',
  });
}

/** Throws for a container on a host that is known to be away. */
export function requireHostUp(task: TaskObject, nodes: ReadonlyMap<string, NodeObject>): void {
  const node = task.nodeId === null ? undefined : nodes.get(task.nodeId);
  if (node?.state !== 'down') return;
  throw new TsstackError(
    'unavailable',
    `container ${task.containerName} is on node ${node.hostname}, which is down since ${node.stateSince}`,
    { retryable: true, hint: 'see `tsstack node ls`; its files are there again when it is' },
  );
}
