/**
 * What a value says beyond a template with the defaults, at any depth; undefined when nothing. A map without keys in the template stands for
 * one with keys of the user, the one item of a list for the defaults of each; lists themselves are empty by default.
 */
export function withoutDefaults(value: unknown, template: unknown): unknown {
  if (Array.isArray(value)) return listWithoutDefaults(value, template);
  if (!isRecord(value) || !isRecord(template)) return value === template ? undefined : value;
  const said = Object.entries(value)
    .map(([key, entry]) => [key, withoutDefaults(entry, template[key])] as const)
    .filter(([, entry]) => entry !== undefined);
  return said.length === 0 ? undefined : Object.fromEntries(said);
}

function listWithoutDefaults(list: readonly unknown[], template: unknown): unknown {
  if (list.length === 0 && Array.isArray(template)) return undefined;
  const [item] = Array.isArray(template) ? (template as readonly unknown[]) : [];
  // An item that says nothing still counts.
  return list.map((entry) => withoutDefaults(entry, item) ?? {});
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
