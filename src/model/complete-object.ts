/** Objects that an earlier version has stored get the fields that have come since, with the defaults of object-templates.ts. */
import type { ModelObject, TaskObject } from './objects.ts';
import { containerTemplate, objectTemplates } from './object-templates.ts';

/** An object as JSON has it from whatever version, whole. Fields that this version does not know stay. */
export function completeObject<Stored extends ModelObject>(stored: Stored): Stored {
  if (stored.kind !== 'task') return complete(stored, objectTemplates[stored.kind]) as Stored;
  const { spec: specTemplate, ...template } = objectTemplates.task;
  const { spec, ...rest } = stored;
  const whole = { ...(complete(rest, template) as typeof rest), spec: completeSpec(spec, specTemplate) } as Stored &
    TaskObject;
  if (whole.status.container === null) return whole;
  return { ...whole, status: { ...whole.status, container: complete(whole.status.container, containerTemplate) } };
}

/** Specs as they were stored, and whole: tasks of a service share one, and go on doing so. */
const completed = new WeakMap<object, unknown>();

function completeSpec(spec: unknown, template: unknown): unknown {
  if (!isRecord(spec)) return complete(spec, template);
  let whole = completed.get(spec);
  if (whole === undefined) completed.set(spec, (whole = complete(spec, template)));
  return whole;
}

/** The template's word for what is missing, at any depth; a map without keys stands for one with keys of the user, a list's item for all. */
function complete(stored: unknown, template: unknown): unknown {
  if (Array.isArray(template)) {
    const items: readonly unknown[] = Array.isArray(stored) ? stored : [];
    return template.length === 0 ? items : items.map((item) => complete(item, template[0]));
  }
  if (!isRecord(template)) return stored === undefined ? template : stored;
  if (stored === undefined) return complete({}, template);
  if (!isRecord(stored)) return stored;
  const missing = Object.keys(template).filter((key) => !Object.hasOwn(stored, key));
  const entries = [...Object.keys(stored), ...missing].map((key) => [key, complete(stored[key], template[key])]);
  return Object.fromEntries(entries);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
