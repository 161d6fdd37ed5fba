import type { Diagnostics } from './diagnostics.ts';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { stackFileError } from './errors.ts';
import { mergeTrees, stripTags } from './merge/merge.ts';
import { SERVICE_RULES } from './merge/rules.ts';
import { mapServicePaths, rebasedPaths } from './paths.ts';
import { didYouMean } from './suggest.ts';
import {
  childMap,
  childOf,
  childText,
  isNull,
  mapNode,
  withoutEntry,
  withEntry,
  type MapEntry,
  type MapNode,
  type Node,
} from './tree/node.ts';

/** Where `extends` finds services of other files: interpolated and canonical, but with their own `extends` still in them. */
export interface ServiceSource {
  /** The services of a file by absolute path; throws a located error at `at` when there is no such file. */
  servicesOf(path: string, at: Node): ServiceLookup;
}

export interface ServiceLookup {
  readonly names: readonly string[];
  find(name: string): Node | undefined;
}

interface Scope {
  readonly services: ServiceLookup;
  /** Absolute path of the file, for messages and to see cycles. */
  readonly file: string;
  /** Directory of the file relative to the project's: '' for the project's own. */
  readonly directory: string;
}

/** Resolves every `extends` of one file. Base services come first; their relative paths follow their own file. */
export function resolveExtends(
  root: MapNode,
  file: string,
  workingDir: string,
  source: ServiceSource,
  diagnostics: Diagnostics,
): MapNode {
  const services = childMap(root, 'services');
  if (services === undefined) return root;
  if (![...services.entries.values()].some((entry) => childOf(entry.value, 'extends') !== undefined)) return root;
  const scope: Scope = { services: lookupIn(services), file, directory: '' };
  const resolver = new ExtendsResolver(workingDir, source, diagnostics);
  const entries = new Map<string, MapEntry>();
  for (const [name, entry] of services.entries) {
    const value = diagnostics.attempt(() => resolver.resolve(name, scope, [])) ?? entry.value;
    entries.set(name, { ...entry, value });
  }
  return withEntry(root, 'services', mapNode(entries, services, services.tag));
}

/** Services of a canonical tree by name. */
export function lookupIn(services: MapNode): ServiceLookup {
  return { names: [...services.entries.keys()], find: (name) => services.entries.get(name)?.value };
}

class ExtendsResolver {
  readonly #workingDir: string;
  readonly #source: ServiceSource;
  readonly #diagnostics: Diagnostics;
  /** By file and service. */
  readonly #resolved = new Map<string, Node | undefined>();

  constructor(workingDir: string, source: ServiceSource, diagnostics: Diagnostics) {
    this.#workingDir = workingDir;
    this.#source = source;
    this.#diagnostics = diagnostics;
  }

  resolve(name: string, scope: Scope, chain: readonly string[]): Node | undefined {
    const key = `${name} in ${scope.file}`;
    if (this.#resolved.has(key)) return this.#resolved.get(key);
    const service = scope.services.find(name);
    const reference = childOf(service, 'extends');
    let result = service;
    if (service?.kind === 'map' && reference !== undefined && reference.tag !== 'reset' && !isNull(reference)) {
      if (chain.includes(key)) throw cycleError(reference, name, [...chain, key]);
      const base = this.#resolveBase(name, reference, scope, [...chain, key]);
      const own = withoutEntry(service, 'extends');
      result =
        base === undefined || isNull(base) ? own : mergeTrees(stripTags(base), own, SERVICE_RULES, this.#diagnostics);
    }
    this.#resolved.set(key, result);
    return result;
  }

  #resolveBase(name: string, reference: Node, scope: Scope, chain: readonly string[]): Node | undefined {
    const target = childText(reference, 'service') ?? '';
    const file = childText(reference, 'file');
    const path = ['services', name, 'extends'];
    const at = childOf(reference, 'service') ?? reference;
    const scopeOfBase = file === undefined ? scope : this.#openScope(file, reference, scope);
    if (scopeOfBase.services.find(target) === undefined) {
      const where = file ?? 'this file';
      const message = `cannot extend service "${name}": service "${target}" not found in ${where}`;
      throw stackFileError(at, path, message, didYouMean(target, scopeOfBase.services.names) ?? undefined);
    }
    const base = this.resolve(target, scopeOfBase, chain);
    if (base === undefined || file === undefined) return base;
    return mapServicePaths(base, rebasedPaths(dirname(file)));
  }

  #openScope(file: string, reference: Node, scope: Scope): Scope {
    const directory = isAbsolute(file) ? dirname(file) : join(scope.directory, dirname(file));
    const absolute = resolve(this.#workingDir, scope.directory, file);
    const at = childOf(reference, 'file') ?? reference;
    return { services: this.#source.servicesOf(absolute, at), file: absolute, directory };
  }
}

function cycleError(at: Node, name: string, chain: readonly string[]): Error {
  const steps = chain.slice(chain.indexOf(chain.at(-1) ?? ''));
  return stackFileError(at, ['services', name, 'extends'], `services extend each other: ${steps.join(' -> ')}`);
}
