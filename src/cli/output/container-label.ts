import type { TaskObject } from '../../model/objects.ts';

/** Name of a container in front of its output: without the name of the stack, `web-1`. */
export function containerLabel({ containerName, stack }: Pick<TaskObject, 'containerName' | 'stack'>): string {
  const prefix = `${stack}-`;
  return containerName.startsWith(prefix) ? containerName.slice(prefix.length) : containerName;
}

/** The same in front of what its hooks say: `web-1 ->`. */
export function hookLabel(task: Pick<TaskObject, 'containerName' | 'stack'>): string {
  return `${containerLabel(task)} ->`;
}
