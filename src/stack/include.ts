import { dirname, join, resolve } from 'node:path';
import { parseDotenv } from './dotenv/parse-dotenv.ts';
import { resolveEnvironment } from './environment/resolve-environment.ts';
import { stackFileError } from './errors.ts';
import type { Lookup } from './interpolation/substitute.ts';
import type { LoadContext, ProjectScope } from './load-context.ts';
import { readText } from './read-text.ts';
import { mergeTrees } from './merge/merge.ts';
import { FILE_RULES } from './merge/rules.ts';
import { absolutePaths, mapStackPaths } from './paths.ts';
import { RESOURCE_KINDS } from './schema/stack-file.ts';
import {
  childOf,
  childText,
  mapNode,
  equalTrees,
  withEntry,
  withoutEntry,
  type MapEntry,
  type MapNode,
  type Node,
  type NodePath,
} from './tree/node.ts';

/** Loads one project with everything it includes. */
export type ProjectLoader = (context: LoadContext, scope: ProjectScope) => MapNode;

/**
 * Loads each entry of `include` as a project of its own, with its own directory and variables, and puts its definitions under
 * those of the including document, which win.
 */
export function resolveIncludes(
  root: MapNode,
  file: string,
  context: LoadContext,
  scope: ProjectScope,
  load: ProjectLoader,
): MapNode {
  const includes = childOf(root, 'include');
  if (includes === undefined) return root;
  let result: Node = withoutEntry(root, 'include');
  for (const [index, entry] of (includes.kind === 'list' ? includes.items : []).entries()) {
    const included = context.diagnostics.attempt(() =>
      loadEntry(entry, ['include', index], file, context, scope, load),
    );
    if (included !== undefined)
      result = mergeTrees(withoutEqual(included, result), result, FILE_RULES, context.diagnostics);
  }
  return result.kind === 'map' ? result : root;
}

function loadEntry(
  entry: Node,
  path: NodePath,
  file: string,
  context: LoadContext,
  scope: ProjectScope,
  load: ProjectLoader,
): MapNode {
  const paths = textsOf(childOf(entry, 'path'));
  const files = paths.map((text) => resolve(scope.workingDir, refuseRemote(text, entry, path)));
  const [first] = files;
  if (first === undefined) throw stackFileError(entry, path, 'path is empty');
  const chain = [...scope.includedBy, file];
  const repeated = files.find((candidate) => chain.includes(candidate));
  if (repeated !== undefined) throw stackFileError(entry, path, `include cycle: ${[...chain, repeated].join(' -> ')}`);
  const directory = childText(entry, 'project_directory');
  const workingDir = directory === undefined ? dirname(first) : resolve(scope.workingDir, directory);
  const lookup = includeLookup(entry, path, workingDir, context, scope);
  const project = load(context, { files, workingDir, lookup, includedBy: chain, askedAt: entry });
  const absolute = mapStackPaths(onlyResources(project), absolutePaths(workingDir, context.home));
  return resolveEnvironment(absolute, lookup, context.payloads);
}

/** The variables of an included project: the including one's, then its own env files', `.env` by default. */
function includeLookup(
  entry: Node,
  path: NodePath,
  workingDir: string,
  context: LoadContext,
  scope: ProjectScope,
): Lookup {
  const listed = textsOf(childOf(entry, 'env_file'));
  const files = listed.filter((name) => name !== '/dev/null').map((name) => resolve(scope.workingDir, name));
  if (listed.length === 0) {
    const standard = join(workingDir, '.env');
    if (context.fileSystem.kindOf(standard) === 'file') files.push(standard);
  }
  const values = new Map<string, string>();
  for (const file of files) {
    const at = childOf(entry, 'env_file') ?? entry;
    if (context.fileSystem.kindOf(file) !== 'file') throw stackFileError(at, path, `env file ${file} not found`);
    parseDotenv(file, readText(context.fileSystem, file, at), scope.lookup, values);
  }
  return values.size === 0 ? scope.lookup : (name) => scope.lookup(name) ?? values.get(name);
}

/** Leaves out what is there already, word for word: a file may be included twice, also through others. */
function withoutEqual(included: MapNode, local: Node): MapNode {
  let result = included;
  for (const [kind, { value: definitions }] of included.entries) {
    if (definitions.kind !== 'map') continue;
    let kept = definitions;
    for (const [name, { value }] of definitions.entries) {
      const own = childOf(childOf(local, kind), name);
      if (own !== undefined && equalTrees(own, value)) kept = withoutEntry(kept, name);
    }
    if (kept !== definitions) result = withEntry(result, kind, kept);
  }
  return result;
}

function onlyResources(project: MapNode): MapNode {
  const entries = new Map<string, MapEntry>();
  for (const kind of ['services', ...RESOURCE_KINDS]) {
    const entry = project.entries.get(kind);
    if (entry !== undefined) entries.set(kind, entry);
  }
  return mapNode(entries, project);
}

function textsOf(list: Node | undefined): string[] {
  if (list?.kind !== 'list') return [];
  return list.items.flatMap((item) => (item.kind === 'scalar' && typeof item.value === 'string' ? [item.value] : []));
}

function refuseRemote(text: string, entry: Node, path: NodePath): string {
  if (!/^(oci|https?|git|ssh):\/\/|^git@|^github\.com\//.test(text)) return text;
  throw stackFileError(
    entry,
    path,
    `${text}: remote stack files are not supported yet`,
    'fetch it and include the copy',
  );
}
