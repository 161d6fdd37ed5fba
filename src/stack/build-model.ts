import type { ComposeProject, YamlValue } from './compose-types.ts';
import { checkConsistency } from './consistency/check.ts';
import { consequencesOf } from './consistency/consequences.ts';
import { foldServiceFiles } from './environment/service-files.ts';
import type { Lookup } from './interpolation/substitute.ts';
import type { LoadContext } from './load-context.ts';
import type { LoadedStack, LoadOptions } from './load-types.ts';
import { fillDefaults } from './normalise/defaults.ts';
import type { DraftProject } from './normalise/draft.ts';
import { finishProject } from './normalise/finish.ts';
import { dropUnusedResources, enabledServices, selectServices } from './normalise/selection.ts';
import { RESOURCE_KINDS } from './schema/stack-file.ts';
import { childMap, findPosition, isNull, setOwn, toPlain, type MapNode, type NodePath } from './tree/node.ts';

/** The part of a loaded stack that comes from its merged tree. */
export type BuiltModel = Pick<LoadedStack, 'project' | 'disabledServices' | 'profiles'>;

/** Fills in defaults, checks that everything fits together, picks the services, and reads their env and label files. */
export function buildModel(
  tree: MapNode,
  name: string,
  lookup: Lookup,
  context: LoadContext,
  options: LoadOptions,
): BuiltModel {
  const { draft, extensions } = toDraft(tree, name);
  if (options.noNormalize !== true) fillDefaults(draft);
  const profiles = [...new Set(Object.values(draft.services).flatMap((service) => service.profiles ?? []))].sort();
  if (!context.interpolates) return { project: asProject(draft, extensions), disabledServices: [], profiles };

  const named = options.services ?? [];
  const enabled = enabledServices(draft.services, activeProfiles(options, lookup), named);
  if (options.noConsistency !== true) check(draft, enabled, tree, context);
  const selected = selectServices(draft, enabled, named);
  const disabledServices = Object.keys(draft.services).filter((service) => !selected.has(service));
  for (const service of disabledServices) delete draft.services[service];
  if (options.allResources !== true) dropUnusedResources(draft);
  if (options.noEnvResolution !== true && !context.diagnostics.errorPaths.some((path) => /_file\b/.test(path))) {
    const locate = (path: NodePath): ReturnType<typeof findPosition> => findPosition(tree, path);
    foldServiceFiles(draft, lookup, {
      fileSystem: context.fileSystem,
      diagnostics: context.diagnostics,
      locate,
      places: context.places,
    });
  }
  const project = finishProject(draft, extensions);
  const wrong = new Set(context.diagnostics.errorPaths);
  const more = options.alsoCheck?.({ project, tree, lookup }) ?? [];
  // What makes no sense is said once, and not that it is not supported yet.
  context.diagnostics.addAll(more.filter(({ path }) => !wrong.has(path)));
  context.diagnostics.throwIfErrors();
  return { project, disabledServices, profiles };
}

function activeProfiles(options: LoadOptions, lookup: Lookup): string[] {
  if (options.profiles !== undefined && options.profiles.length > 0) return [...options.profiles];
  return (lookup('COMPOSE_PROFILES') ?? '')
    .split(',')
    .map((profile) => profile.trim())
    .filter((profile) => profile !== '');
}

function check(project: DraftProject, enabled: ReadonlySet<string>, tree: MapNode, context: LoadContext): void {
  const { diagnostics } = context;
  const isConsequence = consequencesOf(context);
  checkConsistency({
    project,
    enabled,
    error(path, message, hint) {
      if (!isConsequence(path)) diagnostics.error(findPosition(tree, path), path, message, hint);
    },
    warning: (path, message, hint) => diagnostics.warning(findPosition(tree, path), path, message, hint),
  });
}

/** Plain data of a validated tree. Definitions that say nothing become empty ones. */
function toDraft(tree: MapNode, name: string): { draft: DraftProject; extensions: Record<string, YamlValue> } {
  const extensions: Record<string, YamlValue> = {};
  for (const [key, entry] of tree.entries) if (key.startsWith('x-')) setOwn(extensions, key, toPlain(entry.value));
  const draft: Record<string, unknown> = { name };
  for (const kind of ['services', ...RESOURCE_KINDS]) draft[kind] = definitionsOf(tree, kind);
  // The tree was validated against the schema whose shape this type describes.
  return { draft: draft as unknown as DraftProject, extensions };
}

function definitionsOf(tree: MapNode, kind: string): Record<string, YamlValue> {
  const definitions: Record<string, YamlValue> = {};
  for (const [key, { value }] of childMap(tree, kind)?.entries ?? []) {
    setOwn(definitions, key, isNull(value) ? {} : withoutNulls(value));
  }
  return definitions;
}

/** A definition without the keys that have no value: to say nothing is not to say. */
function withoutNulls(value: Parameters<typeof toPlain>[0]): YamlValue {
  const plain = toPlain(value);
  if (plain === null || typeof plain !== 'object' || Array.isArray(plain)) return plain;
  return Object.fromEntries(Object.entries(plain).filter(([, item]) => item !== null));
}

/** The model of a file whose variables were left in place: nothing is known about its values. */
function asProject(draft: DraftProject, extensions: Readonly<Record<string, YamlValue>>): ComposeProject {
  const project: Record<string, unknown> = { ...draft, ...extensions };
  for (const kind of RESOURCE_KINDS) if (Object.keys(draft[kind]).length === 0) delete project[kind];
  return project as ComposeProject;
}
