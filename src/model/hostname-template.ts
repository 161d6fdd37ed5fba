/** What a hostname of a stack file may say of its container: `{{.Node.Hostname}}`, as in a swarm. */
import type { TaskObject } from './objects.ts';

/** A container and where it is. */
interface Place {
  readonly task: Pick<TaskObject, 'id' | 'containerName' | 'slot' | 'stack' | 'service' | 'serviceId' | 'nodeId'>;
  readonly nodeHostname: string;
}

const fields: Readonly<Record<string, (place: Place) => string>> = {
  '.Node.Hostname': ({ nodeHostname }) => nodeHostname,
  '.Node.ID': ({ task }) => task.nodeId ?? '',
  '.Service.ID': ({ task }) => task.serviceId,
  '.Service.Name': ({ task }) => `${task.stack}_${task.service}`,
  '.Task.ID': ({ task }) => task.id,
  '.Task.Name': ({ task }) => task.containerName,
  '.Task.Slot': ({ task }) => String(task.slot),
};

/** As the field names them. */
export const hostnameFields: readonly string[] = Object.keys(fields);

const placeholder = /\{\{\s*(.*?)\s*\}\}/g;

/** The hostname with the placeholders of that container filled in; unknown ones stay, as they do not pass `unknownHostnameField`. */
export function expandHostname(template: string, place: Place): string {
  return template.replaceAll(placeholder, (text, field: string) => fields[field]?.(place) ?? text);
}

/** The first placeholder that means nothing; undefined when there is none. */
export function unknownHostnameField(template: string): string | undefined {
  const unknown = [...template.matchAll(placeholder)].find(([, field = '']) => !Object.hasOwn(fields, field));
  return unknown?.[0];
}
