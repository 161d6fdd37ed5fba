import type { TaskObject } from '../../model/objects.ts';
import type { Event } from '../../rpc/messages.ts';

/** Something that happened to the container of a task. */
export function makeEvent(
  { id, service, containerName: name, spec }: TaskObject,
  action: string,
  nowMs: number,
  attributes: Readonly<Record<string, string>> = {},
): Event {
  return {
    timeNs: nowMs * 1e6,
    type: 'container',
    action,
    service,
    id,
    attributes: { ...spec.container.labels, image: spec.image, name, ...attributes },
  };
}
