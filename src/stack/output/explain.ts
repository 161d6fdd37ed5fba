import { stackFileError } from '../errors.ts';
import type { LoadedStack } from '../load-types.ts';
import type { Place } from '../problems.ts';
import { didYouMean } from '../suggest.ts';
import { childMap, childOf, formatPath, type Node, type NodePath, type ScalarValue } from '../tree/node.ts';

/**
 * Says where each value below a path such as `web.ports` (a service and its attribute) was written, one per line, with what was written
 * there when that had variables: `services.web.image = "web:1"  /srv/stack.yml:7:9  "web:${TAG}"`. Values of env files and label files
 * come last.
 */
export function explain(loaded: LoadedStack, wanted: string): string {
  const services = childMap(loaded.tree, 'services');
  const names = [...(services?.entries.keys() ?? [])];
  // Names of services may have dots: the longest one that fits is meant.
  const fits = names.filter((name) => wanted === name || wanted.startsWith(`${name}.`));
  const name = fits.sort((first, second) => second.length - first.length)[0];
  const service = name === undefined ? undefined : services?.entries.get(name);
  if (name === undefined || service === undefined) {
    const hint = didYouMean(wanted.split('.', 1)[0] ?? '', names);
    throw stackFileError(null, [], `nothing is written for ${wanted}`, hint ?? 'written as SERVICE.ATTRIBUTE');
  }
  const keys = wanted === name ? [] : wanted.slice(name.length + 1).split('.');
  const entry = descend(service.value, service, ['services', name], keys);
  const written = entry === undefined ? [] : new Describer(loaded).describe(entry.value, entry.path, entry.place);
  const lines = [...written, ...describeFiles(loaded, name, keys, entry?.value)];
  if (lines.length === 0)
    throw stackFileError(null, [], `nothing is written for ${wanted}`, 'written as SERVICE.ATTRIBUTE');
  return lines.join('');
}

/** What the service has of its env files and label files, below a path of it: what it says itself wins over them. */
function describeFiles(loaded: LoadedStack, name: string, keys: readonly string[], own: Node | undefined): string[] {
  const [group, ...rest] = keys;
  const wanted = rest.join('.');
  return (['environment', 'labels'] as const).flatMap((attribute) => {
    if (group !== undefined && group !== attribute) return [];
    const values = loaded.project.services[name]?.[attribute] ?? {};
    const said = group === undefined ? childOf(own, attribute) : own;
    return Object.entries(values).flatMap(([key, value]) => {
      const path = formatPath(['services', name, attribute, key]);
      const place = loaded.filePlaces.get(path);
      const isWanted = wanted === '' || wanted === key;
      const isSaid = (wanted === key && own !== undefined) || childOf(said, key) !== undefined;
      return place === undefined || !isWanted || isSaid ? [] : [line(path, value, place)];
    });
  });
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

class Describer {
  /** What was written in the places whose text has variables. */
  readonly #templates = new Map<string, string>();

  constructor(loaded: LoadedStack) {
    for (const document of loaded.documents()) this.#collect(document);
  }

  describe(node: Node, path: NodePath, at: Place): string[] {
    if (node.kind === 'map')
      return [...node.entries].flatMap(([key, entry]) => this.describe(entry.value, [...path, key], entry));
    if (node.kind === 'list') return node.items.flatMap((item, index) => this.describe(item, [...path, index], item));
    const template = this.#templates.get(`${node.file.path}:${node.offset}`);
    return [line(formatPath(path), node.value, at, template)];
  }

  #collect(node: Node): void {
    if (node.kind === 'map') for (const { value } of node.entries.values()) this.#collect(value);
    else if (node.kind === 'list') for (const item of node.items) this.#collect(item);
    else if (typeof node.value === 'string' && node.value.includes('$'))
      this.#templates.set(`${node.file.path}:${node.offset}`, node.value);
  }
}

function line(path: string, value: ScalarValue, at: Place, template?: string): string {
  const { line: row, column } = at.file.positionAt(at.offset);
  const shown = typeof value === 'bigint' ? value.toString() : JSON.stringify(value);
  const written = template === undefined ? '' : `  ${JSON.stringify(template)}`;
  return `${path} = ${shown}  ${at.file.path}:${row}:${column}${written}\n`;
}
