import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { buildModel } from './build-model.ts';
import { Diagnostics } from './diagnostics.ts';
import { StackFileError } from './errors.ts';
import { discoverFiles } from './discovery.ts';
import { ProjectEnvironment } from './environment/project-environment.ts';
import { resolveEnvironment } from './environment/resolve-environment.ts';
import { collectVariables } from './interpolation/variables.ts';
import type { Lookup } from './interpolation/substitute.ts';
import { readDocuments, type LoadContext } from './load-context.ts';
import { loadProject } from './load-project.ts';
import type { LoadedStack, LoadOptions } from './load-types.ts';
import { withUniqueServices } from './merge/unique.ts';
import { nodeFileSystem } from './node-file-system.ts';
import { absolutePaths, mapStackPaths } from './paths.ts';
import { findProjectName } from './project-name.ts';
import { childOf, findPosition, scalarNode, withEntry, type MapNode } from './tree/node.ts';

/**
 * Loads a stack from its files, in the order of stages that the Compose Specification makes observable.
 * @throws StackFileError with everything that was found wrong
 */
export function loadStack(options: LoadOptions): LoadedStack {
  const context = createContext(options);
  try {
    return loadWith(context, options);
  } catch (error) {
    throw error instanceof StackFileError ? context.diagnostics.complete(error) : error;
  }
}

function loadWith(context: LoadContext, options: LoadOptions): LoadedStack {
  const projectDirectory =
    options.projectDirectory === undefined ? null : resolve(options.cwd, options.projectDirectory);
  const environment = new ProjectEnvironment(options.env, context.fileSystem, options.cwd, options.envFiles ?? []);
  environment.readDefaultFile(projectDirectory ?? options.cwd);
  const discovery = { cwd: options.cwd, files: options.files ?? [], projectDirectory };
  const { files, workingDir } = discoverFiles(discovery, environment.lookup, context.fileSystem, context.diagnostics);
  environment.readDefaultFile(workingDir);

  const documents = files.flatMap((file) => readDocuments(context, file, null));
  const name = findProjectName(options.projectName ?? null, environment.lookup, documents, workingDir);
  const lookup = environment.with('COMPOSE_PROJECT_NAME', name);
  const merged = loadProject(context, { files, workingDir, lookup, includedBy: [], askedAt: null });
  const tree = prepareTree(merged, name, context, workingDir, lookup, options);
  const model = buildModel(tree, name, lookup, context, options);
  return {
    ...model,
    name,
    files,
    envFiles: environment.files,
    workingDir,
    tree,
    lookup,
    environmentEntries: () => environment.entries(),
    variables: () => collectVariables([...context.documents.values()].flat()),
    payloadOf: (kind, key) => context.payloads.get(`${kind}/${key}`),
    locate(path) {
      const { file, offset } = findPosition(tree, path);
      return { file: file.path, ...file.positionAt(offset) };
    },
    filePlaces: context.places,
    documents: () => [...context.documents.values()].flat(),
    warnings: context.diagnostics.warnings,
  };
}

function createContext(options: LoadOptions): LoadContext {
  return {
    fileSystem: options.fileSystem ?? nodeFileSystem,
    diagnostics: new Diagnostics(),
    standardInput: options.stdin ?? null,
    home: options.env['HOME'] ?? homedir(),
    interpolates: options.noInterpolate !== true,
    documents: new Map(),
    payloads: new Map(),
    places: new Map(),
  };
}

/** From what the files say to what they mean here: unique lists, absolute paths, values from the environment. */
function prepareTree(
  merged: MapNode,
  name: string,
  context: LoadContext,
  workingDir: string,
  lookup: Lookup,
  options: LoadOptions,
): MapNode {
  const nameNode = scalarNode(name, childOf(merged, 'name') ?? merged);
  let tree = withEntry(withUniqueServices(merged), 'name', nameNode);
  if (options.noPathResolution !== true) tree = mapStackPaths(tree, absolutePaths(workingDir, context.home));
  return options.noEnvResolution === true ? tree : resolveEnvironment(tree, lookup, context.payloads);
}
