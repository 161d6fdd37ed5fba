import {
  childMap,
  childOf,
  childText,
  listNode,
  mapNode,
  withEntry,
  type MapEntry,
  type MapNode,
  type Node,
} from '../tree/node.ts';

/** What makes two entries of a list one: the later replaces the earlier in its place. */
type KeyOf = (item: Node) => string;

const byValue: KeyOf = (item) => (item.kind === 'scalar' ? String(item.value) : '');
const byTarget: KeyOf = (item) => childText(item, 'target') ?? byValue(item);

const byPort: KeyOf = (item) => {
  if (item.kind === 'scalar') return byValue(item);
  const part = (key: string): string => {
    const value = childOf(item, key);
    return value?.kind === 'scalar' ? String(value.value) : '';
  };
  return `${part('host_ip') || '0.0.0.0'} ${part('published')} ${part('target')} ${part('protocol')}`;
};

const byConfigTarget: KeyOf = (item) => childText(item, 'target') ?? `/${childText(item, 'source') ?? ''}`;

const SERVICE_LISTS: Readonly<Record<string, KeyOf>> = {
  cap_add: byValue,
  cap_drop: byValue,
  configs: byConfigTarget,
  device_cgroup_rules: byValue,
  devices: byTarget,
  dns: byValue,
  dns_opt: byValue,
  dns_search: byValue,
  env_file: (item) => childText(item, 'path') ?? byValue(item),
  expose: byValue,
  external_links: byValue,
  extra_hosts: byValue,
  group_add: byValue,
  links: byValue,
  ports: byPort,
  profiles: byValue,
  secrets: byTarget,
  security_opt: byValue,
  // The path: `/run` and `/run:size=1m` are one mount.
  tmpfs: (item) => byValue(item).split(':', 1)[0] ?? '',
  volumes: byTarget,
  volumes_from: byValue,
};

const BUILD_LISTS: Readonly<Record<string, KeyOf>> = { extra_hosts: byValue, platforms: byValue, tags: byValue };
const ENDPOINT_LISTS: Readonly<Record<string, KeyOf>> = { aliases: byValue, link_local_ips: byValue };

/** A stack whose services have lists with one entry per key. */
export function withUniqueServices(root: MapNode): MapNode {
  const services = childMap(root, 'services');
  if (services === undefined) return root;
  let changed: Map<string, MapEntry> | undefined;
  for (const [name, entry] of services.entries) {
    if (entry.value.kind !== 'map') continue;
    const value = withUniqueLists(entry.value);
    if (value !== entry.value) (changed ??= new Map(services.entries)).set(name, { ...entry, value });
  }
  return changed === undefined ? root : withEntry(root, 'services', mapNode(changed, services, services.tag));
}

function withUniqueLists(service: MapNode): MapNode {
  let result = uniqueIn(service, SERVICE_LISTS);
  const build = childMap(result, 'build');
  if (build !== undefined) result = replaced(result, 'build', uniqueIn(build, BUILD_LISTS));
  const networks = childMap(result, 'networks');
  return networks === undefined ? result : replaced(result, 'networks', uniqueEndpoints(networks));
}

function uniqueEndpoints(networks: MapNode): MapNode {
  let changed: Map<string, MapEntry> | undefined;
  for (const [name, entry] of networks.entries) {
    if (entry.value.kind !== 'map') continue;
    const value = uniqueIn(entry.value, ENDPOINT_LISTS);
    if (value !== entry.value) (changed ??= new Map(networks.entries)).set(name, { ...entry, value });
  }
  return changed === undefined ? networks : mapNode(changed, networks, networks.tag);
}

function uniqueIn(map: MapNode, lists: Readonly<Record<string, KeyOf>>): MapNode {
  let result = map;
  for (const [key, entry] of map.entries) {
    const keyOf = Object.hasOwn(lists, key) ? lists[key] : undefined;
    const list = entry.value;
    if (keyOf === undefined || list.kind !== 'list' || list.items.length < 2) continue;
    const byKey = new Map<string, Node>();
    for (const item of list.items) byKey.set(keyOf(item), item);
    if (byKey.size < list.items.length) result = withEntry(result, key, listNode([...byKey.values()], list, list.tag));
  }
  return result;
}

function replaced(map: MapNode, key: string, value: Node): MapNode {
  return childOf(map, key) === value ? map : withEntry(map, key, value);
}
