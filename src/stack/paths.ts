import { isAbsolute, join, resolve } from 'node:path';
import {
  childMap,
  childText,
  listNode,
  mapNode,
  scalarNode,
  withEntry,
  type MapEntry,
  type MapNode,
  type Node,
} from './tree/node.ts';

/** Gives the new text of a path. */
export type PathMapper = (path: string) => string;

/** Makes paths absolute from a directory; `~` is the home directory. Absolute paths stay as they were written. */
export function absolutePaths(directory: string, home: string): PathMapper {
  return (path) => {
    const expanded = expandHome(path, home);
    return isAbsoluteAnywhere(expanded) ? expanded : resolve(directory, expanded);
  };
}

/** Moves relative paths below a directory that is itself relative: what `extends` brings from another folder. */
export function rebasedPaths(directory: string): PathMapper {
  return (path) => {
    if (path.startsWith('~') || isAbsoluteAnywhere(path)) return path;
    const joined = join(directory, path);
    // A bind source without a leading dot would read as the name of a volume.
    return isAbsolute(joined) || joined.startsWith('.') ? joined : `./${joined}`;
  };
}

/** `~` and `~/x` with the home directory put in. */
function expandHome(path: string, home: string): string {
  return path === '~' || path.startsWith('~/') ? join(home, path.slice(1)) : path;
}

function isAbsoluteAnywhere(path: string): boolean {
  return isAbsolute(path) || /^[a-zA-Z]:[\\/]/.test(path) || path.startsWith('\\\\');
}

const REMOTE_CONTEXT = /^(https?:\/\/|git:\/\/|ssh:\/\/|github\.com\/|git@)|:\/\/|^service:/;

/** A service with every path that it has changed. */
export function mapServicePaths(service: Node, change: PathMapper): Node {
  if (service.kind !== 'map') return service;
  const changeContext: PathMapper = (path) => (REMOTE_CONTEXT.test(path) ? path : change(path));
  let result = mapKey(service, 'build', (build) => {
    const contexts = mapKey(build, 'context', (value) => mapText(value, changeContext));
    return mapKey(contexts, 'additional_contexts', (value) => mapValues(value, changeContext));
  });
  result = mapKey(result, 'env_file', (files) =>
    mapItems(files, (item) => mapKey(item, 'path', (path) => mapText(path, change))),
  );
  result = mapKey(result, 'label_file', (files) => mapItems(files, (item) => mapText(item, change)));
  result = mapKey(result, 'develop', (develop) =>
    mapKey(develop, 'watch', (rules) =>
      mapItems(rules, (rule) => mapKey(rule, 'path', (path) => mapText(path, change))),
    ),
  );
  return mapKey(result, 'volumes', (mounts) =>
    mapItems(mounts, (mount) =>
      childText(mount, 'type') === 'bind' ? mapKey(mount, 'source', (source) => mapText(source, change)) : mount,
    ),
  );
}

/** A stack file's tree with every path changed. */
export function mapStackPaths(root: MapNode, change: PathMapper): MapNode {
  const eachOf = (tree: Node, kind: string, visit: (node: Node) => Node): Node =>
    mapKey(tree, kind, (definitions) => mapEntries(definitions, visit));
  let result: Node = eachOf(root, 'services', (service) => mapServicePaths(service, change));
  for (const kind of ['configs', 'secrets']) {
    result = eachOf(result, kind, (definition) => mapKey(definition, 'file', (file) => mapText(file, change)));
  }
  result = eachOf(result, 'volumes', (volume) => mapBindDevice(volume, change));
  return result.kind === 'map' ? result : root;
}

/** The local driver binds `device` when `o` says so; its relative path is one of the project. */
function mapBindDevice(volume: Node, change: PathMapper): Node {
  const options = childMap(volume, 'driver_opts');
  const driver = childText(volume, 'driver') ?? 'local';
  const isBind =
    driver === 'local' &&
    (childText(options, 'o') ?? '').split(',').some((option) => option === 'bind' || option === 'rbind');
  return isBind
    ? mapKey(volume, 'driver_opts', (map) => mapKey(map, 'device', (device) => mapText(device, change)))
    : volume;
}

function mapKey(node: Node, key: string, change: (value: Node) => Node): Node {
  if (node.kind !== 'map') return node;
  const entry = node.entries.get(key);
  if (entry === undefined) return node;
  const value = change(entry.value);
  return value === entry.value ? node : withEntry(node, key, value);
}

function mapEntries(node: Node, change: (value: Node) => Node): Node {
  if (node.kind !== 'map') return node;
  let changed: Map<string, MapEntry> | undefined;
  for (const [key, entry] of node.entries) {
    const value = change(entry.value);
    if (value !== entry.value) (changed ??= new Map(node.entries)).set(key, { ...entry, value });
  }
  return changed === undefined ? node : mapNode(changed, node, node.tag);
}

function mapItems(node: Node, change: (item: Node) => Node): Node {
  if (node.kind !== 'list') return node;
  const items = node.items.map(change);
  return items.every((item, index) => item === node.items[index]) ? node : listNode(items, node, node.tag);
}

function mapValues(node: Node, change: PathMapper): Node {
  return mapEntries(node, (value) => mapText(value, change));
}

function mapText(node: Node, change: PathMapper): Node {
  if (node.kind !== 'scalar' || typeof node.value !== 'string' || node.value === '') return node;
  const value = change(node.value);
  return value === node.value ? node : scalarNode(value, node, node.tag);
}
