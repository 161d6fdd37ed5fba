import { stackFileError } from '../errors.ts';
import type { LoadedStack } from '../load-types.ts';
import type { Place } from '../problems.ts';
import { didYouMean } from '../suggest.ts';
import { childMap, formatPath, type Node, type NodePath } from '../tree/node.ts';

/**
 * Says where each value below a path such as `web.ports` (a service and its attribute) was written, one per line:
 * `services.web.ports[0].target = 80  /srv/stack.yml:7:9`.
 */
export function explain(loaded: LoadedStack, wanted: string): string {
  const services = childMap(loaded.tree, 'services');
  const names = [...(services?.entries.keys() ?? [])];
  // Names of services may have dots: the longest one that fits is meant.
  const fits = names.filter((name) => wanted === name || wanted.startsWith(`${name}.`));
  const name = fits.sort((first, second) => second.length - first.length)[0];
  const rest = name === undefined || wanted === name ? [] : wanted.slice(name.length + 1).split('.');
  let entry: Found | undefined;
  const service = name === undefined ? undefined : services?.entries.get(name);
  if (name !== undefined && service !== undefined) entry = descend(service.value, service, ['services', name], rest);
  if (entry === undefined) {
    const hint = name === undefined ? didYouMean(wanted.split('.', 1)[0] ?? '', names) : null;
    throw stackFileError(null, [], `nothing is written for ${wanted}`, hint ?? 'written as SERVICE.ATTRIBUTE');
  }
  return describe(entry.value, entry.path, entry.place).join('');
}

interface Found {
  readonly value: Node;
  readonly place: Place;
  readonly path: NodePath;
}

function descend(value: Node, place: Place, path: NodePath, keys: readonly string[]): Found | undefined {
  if (keys.length === 0) return { value, place, path };
  if (value.kind === 'list') {
    const item = value.items[Number(keys[0])];
    return item === undefined ? undefined : descend(item, item, [...path, Number(keys[0])], keys.slice(1));
  }
  if (value.kind !== 'map') return undefined;
  // A key may have dots, as labels do.
  for (let length = 1; length <= keys.length; length++) {
    const key = keys.slice(0, length).join('.');
    const entry = value.entries.get(key);
    if (entry !== undefined) return descend(entry.value, entry, [...path, key], keys.slice(length));
  }
  return undefined;
}

function describe(node: Node, path: NodePath, at: Place): string[] {
  if (node.kind === 'map')
    return [...node.entries].flatMap(([key, entry]) => describe(entry.value, [...path, key], entry));
  if (node.kind === 'list') return node.items.flatMap((item, index) => describe(item, [...path, index], item));
  const { line, column } = at.file.positionAt(at.offset);
  const value = typeof node.value === 'bigint' ? node.value.toString() : JSON.stringify(node.value);
  return [`${formatPath(path)} = ${value}  ${at.file.path}:${line}:${column}\n`];
}
