import { basename } from 'node:path';
import { canonicalise, type MissingKey } from './canonicalise.ts';
import { stackFileError } from './errors.ts';
import { lookupIn, resolveExtends, type ServiceLookup, type ServiceSource } from './extends.ts';
import { resolveIncludes } from './include.ts';
import { interpolateTree } from './interpolation/interpolate-tree.ts';
import { readDocuments, type LoadContext, type ProjectScope } from './load-context.ts';
import { mergeTrees, stripTags } from './merge/merge.ts';
import { FILE_RULES } from './merge/rules.ts';
import { stackFile } from './schema/stack-file.ts';
import {
  childMap,
  childOf,
  mapFrom,
  mapNode,
  scalarNode,
  withEntry,
  type MapEntry,
  type MapNode,
  type Node,
} from './tree/node.ts';

/**
 * Reads the files of one project and merges them into one canonical tree: per document interpolation, validation and long
 * forms, `include`, `extends`, then the merge over what came before. Paths are still as written.
 */
export function loadProject(context: LoadContext, scope: ProjectScope): MapNode {
  const byFile = scope.files.map((path) => canonicalDocuments(context, scope, path));
  // Without a file that cannot be read at all, the others would seem to lack what it has.
  if (byFile.some((found) => found.length === 0)) context.diagnostics.throwIfErrors();
  const documents = byFile.flat();
  let merged: MapNode | undefined;
  for (const { root, path } of documents) {
    const included = resolveIncludes(root, path, context, scope, loadProject);
    const source = serviceSource(context, scope);
    const extended = resolveExtends(included, path, scope.workingDir, source, context.diagnostics);
    const result = merged === undefined ? extended : mergeTrees(merged, extended, FILE_RULES, context.diagnostics);
    if (result.kind === 'map') merged = result;
  }
  context.diagnostics.throwIfLacking();
  if (merged === undefined) throw emptyError(scope);
  const project = stripTags(merged);
  if (project.kind !== 'map') throw emptyError(scope);
  reportMissing(
    documents.flatMap(({ missing }) => missing),
    project,
    context,
  );
  return withBuildContexts(project);
}

interface CanonicalDocument {
  readonly root: MapNode;
  readonly path: string;
  readonly missing: readonly MissingKey[];
}

function canonicalDocuments(context: LoadContext, scope: ProjectScope, path: string): CanonicalDocument[] {
  return readDocuments(context, path, scope.askedAt).flatMap((document): CanonicalDocument[] => {
    if (document.kind !== 'map') {
      context.diagnostics.error(
        document,
        [],
        `a stack file must be a mapping, found a ${document.kind === 'list' ? 'list' : 'single value'}`,
      );
      return [];
    }
    const version = childOf(document, 'version');
    if (version !== undefined)
      context.diagnostics.warning(version, ['version'], 'version is obsolete and has no effect', 'remove it');
    const { root, missing } = toCanonical(document, context, scope);
    return root.kind === 'map' ? [{ root, path, missing }] : [];
  });
}

function toCanonical(document: Node, context: LoadContext, scope: ProjectScope): ReturnType<typeof canonicalise> {
  const interpolated = context.interpolates ? interpolateTree(document, scope.lookup, context.diagnostics) : document;
  return canonicalise(interpolated, stackFile, {
    keepsExpressions: !context.interpolates,
    diagnostics: context.diagnostics,
  });
}

/** Services of other files, for `extends`. Only what is asked for is interpolated and validated. */
function serviceSource(context: LoadContext, scope: ProjectScope): ServiceSource {
  const lookups = new Map<string, ServiceLookup>();
  return {
    servicesOf(path, at) {
      let lookup = lookups.get(path);
      if (lookup === undefined) lookups.set(path, (lookup = lookupInFile(path, at, context, scope)));
      return lookup;
    },
  };
}

function lookupInFile(path: string, at: Node, context: LoadContext, scope: ProjectScope): ServiceLookup {
  const documents = readDocuments(context, path, at);
  if (documents.length === 0) context.diagnostics.throwIfErrors();
  const raw = new Map<string, Node>();
  for (const document of documents) {
    for (const [name, entry] of childMap(document, 'services')?.entries ?? []) raw.set(name, entry.value);
  }
  const canonical = new Map<string, Node | undefined>();
  return {
    names: [...raw.keys()],
    find(name) {
      const service = raw.get(name);
      if (service === undefined || canonical.has(name)) return canonical.get(name);
      const { root } = toCanonical(
        mapFrom({ services: mapFrom({ [name]: service }, service) }, service),
        context,
        scope,
      );
      const services = childMap(root, 'services') ?? mapNode(new Map(), service);
      const found = lookupIn(services).find(name);
      canonical.set(name, found);
      return found;
    },
  };
}

/** A build that does not say where its context is takes the directory of the project. */
function withBuildContexts(project: MapNode): MapNode {
  const services = childMap(project, 'services');
  if (services === undefined) return project;
  let changed: Map<string, MapEntry> | undefined;
  for (const [name, entry] of services.entries) {
    const build = childMap(entry.value, 'build');
    if (entry.value.kind !== 'map' || build === undefined || childOf(build, 'context') !== undefined) continue;
    const value = withEntry(entry.value, 'build', withEntry(build, 'context', scalarNode('.', build)));
    (changed ??= new Map(services.entries)).set(name, { ...entry, value });
  }
  return changed === undefined ? project : withEntry(project, 'services', mapNode(changed, services));
}

/** A key that one document lacked is missing only if no other brought it. */
function reportMissing(missing: readonly MissingKey[], project: MapNode, context: LoadContext): void {
  for (const { path, key, at } of missing) {
    let node: Node | undefined = project;
    for (const step of path) {
      node = node?.kind === 'list' ? node.items[Number(step)] : childOf(node, String(step));
      // Items move when lists are merged: an item that lacks a key lacks it for good.
      if (typeof step === 'number') node = at;
    }
    if (node === undefined || node.kind !== 'map' || node.entries.has(key)) continue;
    context.diagnostics.error(at, path, `${key} is missing`);
  }
}

function emptyError(scope: ProjectScope): Error {
  const [first = '-'] = scope.files;
  return stackFileError(
    scope.askedAt,
    [],
    `${first === '-' ? 'standard input' : basename(first)} is empty`,
    'a stack file needs services',
  );
}
