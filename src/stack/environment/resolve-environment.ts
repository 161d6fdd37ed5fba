import type { Lookup } from '../interpolation/substitute.ts';
import {
  childMap,
  childText,
  mapNode,
  scalarNode,
  withEntry,
  withoutEntry,
  type MapEntry,
  type MapNode,
} from '../tree/node.ts';

/**
 * Gives values to what a project takes from its environment: bare keys of `environment` (without a value they stay null) and
 * of `build.args` (without a value they go), and the `environment:` sources of secrets and configs, which land in `payloads`.
 */
export function resolveEnvironment(root: MapNode, lookup: Lookup, payloads: Map<string, string>): MapNode {
  for (const kind of ['secrets', 'configs']) {
    for (const [key, { value }] of childMap(root, kind)?.entries ?? []) {
      const variable = childText(value, 'environment');
      const content = variable === undefined ? undefined : lookup(variable);
      if (content !== undefined && !payloads.has(`${kind}/${key}`)) payloads.set(`${kind}/${key}`, content);
    }
  }
  const services = childMap(root, 'services');
  if (services === undefined) return root;
  let changed: Map<string, MapEntry> | undefined;
  for (const [name, entry] of services.entries) {
    if (entry.value.kind !== 'map') continue;
    const value = resolveService(entry.value, lookup);
    if (value !== entry.value) (changed ??= new Map(services.entries)).set(name, { ...entry, value });
  }
  return changed === undefined ? root : withEntry(root, 'services', mapNode(changed, services, services.tag));
}

function resolveService(service: MapNode, lookup: Lookup): MapNode {
  let result = service;
  const environment = childMap(service, 'environment');
  if (environment !== undefined)
    result = withChild(result, 'environment', environment, inherit(environment, lookup, false));
  const build = childMap(service, 'build');
  const args = childMap(build, 'args');
  if (build === undefined || args === undefined) return result;
  return withChild(result, 'build', build, withChild(build, 'args', args, inherit(args, lookup, true)));
}

function inherit(map: MapNode, lookup: Lookup, dropsUnset: boolean): MapNode {
  let result = map;
  for (const [key, { value }] of map.entries) {
    if (value.kind !== 'scalar' || value.value !== null) continue;
    const inherited = lookup(key);
    if (inherited !== undefined) result = withEntry(result, key, scalarNode(inherited, value));
    else if (dropsUnset) result = withoutEntry(result, key);
  }
  return result;
}

function withChild(parent: MapNode, key: string, before: MapNode, after: MapNode): MapNode {
  return before === after ? parent : withEntry(parent, key, after);
}
