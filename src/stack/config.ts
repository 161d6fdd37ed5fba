import { createHash } from 'node:crypto';
import { serviceHash } from '../model/service-hash.ts';
import type { ComposeProject, ComposeService } from './compose-types.ts';
import { stackFileError, StackFileError } from './errors.ts';
import { didYouMeanOneOf } from './suggest.ts';
import type { StackFileSystem } from './file-system.ts';
import type { VariableUse } from './interpolation/variables.ts';
import { loadStack } from './load-stack.ts';
import type { LoadedStack, LoadOptions } from './load-types.ts';
import type { PayloadReader } from './lower/lower-payload.ts';
import { lowerService } from './lower/lower-service.ts';
import { nodeFileSystem } from './node-file-system.ts';
import { serviceAsJson, toCanonicalJson, toCanonicalYaml, type CanonicalProject } from './output/canonical.ts';
import { explain } from './output/explain.ts';
import { makeProblem, type Problem } from './problems.ts';
import { problemsAsJson, renderProblems } from './render-problems.ts';
import { findPosition } from './tree/node.ts';

/** The arguments of `config`, parsed. */
export interface ConfigArguments extends LoadOptions {
  readonly format?: 'yaml' | 'json' | undefined;
  /** Check only. */
  readonly quiet?: boolean | undefined;
  /** What to list instead of the whole model. */
  readonly list?:
    'services' | 'images' | 'volumes' | 'networks' | 'models' | 'profiles' | 'variables' | 'environment' | undefined;
  /** `--hash`: `*`, or names with commas between. */
  readonly hash?: string | undefined;
  /** `--explain`: a path such as `web.ports`. */
  readonly explain?: string | undefined;
  /** Images with their digests, by how the file names them: what is printed in their place. */
  readonly pinnedImages?: ReadonlyMap<string, string> | undefined;
  /** Nothing but the images of the services: a file that pins them when it is merged over this one. */
  readonly imagesOnly?: boolean | undefined;
  /** Colour the problems. Default false. */
  readonly color?: boolean | undefined;
}

/** What a command printed, and how it ended. */
export interface CommandOutput {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** The `config` command: loads the stack, and shows it or one aspect of it. Wrong files become text, not exceptions. */
export function runConfig(args: ConfigArguments): CommandOutput {
  try {
    const noInterpolate = args.noInterpolate === true || args.list === 'variables';
    const services = noInterpolate ? [] : args.services;
    const isListing = args.list !== undefined && args.list !== 'environment';
    const loaded = loadStack({
      ...args,
      services,
      noInterpolate,
      noEnvResolution: isListing ? true : args.noEnvResolution,
    });
    const note =
      noInterpolate && (args.services ?? []).length > 0
        ? 'warning: the services named are ignored with this flag\n'
        : '';
    const lost = args.format === 'json' && !isListing ? lostInJson(loaded) : [];
    const stderr = note + renderAs(args, [...loaded.warnings, ...lost]);
    return { stdout: args.quiet === true ? '' : render(loaded, args), stderr, exitCode: 0 };
  } catch (error) {
    if (!(error instanceof StackFileError)) throw error;
    return { stdout: '', stderr: renderAs(args, error.problems), exitCode: 1 };
  }
}

/** The reference's JSON has no `create_host_path: false`, and read again it would be true: that is not done without a word. */
function lostInJson({ project, tree }: LoadedStack): readonly Problem[] {
  return Object.entries(project.services).flatMap(([name, service]) =>
    (service.volumes ?? []).flatMap((mount, index) => {
      if (mount.bind?.create_host_path !== false) return [];
      const path = ['services', name, 'volumes', index, 'bind', 'create_host_path'];
      const message = 'create_host_path: false is not in the JSON, as in that of docker compose';
      return [makeProblem('warning', findPosition(tree, path), path, message, 'use --format yaml')];
    }),
  );
}

function renderAs(args: ConfigArguments, problems: readonly Problem[]): string {
  if (args.format === 'json') return problemsAsJson(problems);
  return renderProblems(problems, { color: args.color === true });
}

function render(loaded: LoadedStack, args: ConfigArguments): string {
  if (args.explain !== undefined) return explain(loaded, args.explain);
  if (args.hash !== undefined) return renderHashes(loaded, args.hash, args.fileSystem ?? nodeFileSystem);
  if (args.list !== undefined) return LISTS[args.list](loaded, args.format);
  const options = { escapesDollars: args.noInterpolate !== true };
  const project = withPinnedImages(loaded.project, args);
  return args.format === 'json' ? toCanonicalJson(project, options) : toCanonicalYaml(project, options);
}

function withPinnedImages(project: ComposeProject, { pinnedImages, imagesOnly }: ConfigArguments): CanonicalProject {
  if (pinnedImages === undefined) return project;
  const services = Object.entries(project.services).map(([name, service]) => {
    const image = pinnedImages.get(service.image ?? '') ?? service.image;
    return [name, imagesOnly === true ? { image } : { ...service, image }];
  });
  const pinned = { services: Object.fromEntries(services) as ComposeProject['services'] };
  return imagesOnly === true ? pinned : { ...project, ...pinned };
}

/** Of the specs that managers get, so that each hash is that of the containers. */
function renderHashes(loaded: LoadedStack, wanted: string, fileSystem: StackFileSystem): string {
  const reader = {
    workingDir: loaded.workingDir,
    readFile: (path: string) => Buffer.from(fileSystem.readText(path)),
    variable: (kind: 'secret' | 'config', key: string) => loaded.payloadOf(`${kind}s`, key),
  };
  const names = wanted === '*' ? Object.keys(loaded.project.services).sort() : wanted.split(',');
  return names
    .map((name) => {
      const service = loaded.project.services[name];
      if (service === undefined) throw unknownService(name, Object.keys(loaded.project.services));
      return `${name} ${hashOf(name, service, loaded.project, reader)}\n`;
    })
    .join('');
}

/** A provider has no containers: what it is asked for counts. */
function hashOf(name: string, service: ComposeService, project: ComposeProject, reader: PayloadReader): string {
  if (service.provider === undefined) return serviceHash(lowerService(name, service, project, reader));
  return createHash('sha256').update(serviceAsJson(service)).digest('hex');
}

function unknownService(name: string, known: readonly string[]): StackFileError {
  return stackFileError(null, [], `no such service: ${name}`, didYouMeanOneOf(name, known) ?? undefined);
}

type ListRenderer = (loaded: LoadedStack, format: ConfigArguments['format']) => string;

const LISTS: Readonly<Record<NonNullable<ConfigArguments['list']>, ListRenderer>> = {
  services: ({ project }) => lines(Object.keys(project.services)),
  images: ({ project }) => {
    return lines(Object.entries(project.services).map(([name, { image }]) => image ?? `${project.name}-${name}`));
  },
  volumes: ({ project }) => lines(Object.keys(project.volumes ?? {})),
  networks: ({ project }) => lines(Object.keys(project.networks ?? {})),
  models: ({ project }) => lines(Object.values(project.models ?? {}).map(({ model }) => model)),
  profiles: ({ profiles }) => lines(profiles),
  environment: (loaded) => lines(loaded.environmentEntries().map(([key, value]) => `${key}=${value}`)),
  variables: (loaded, format) => renderVariables(loaded.variables(), format),
};

function renderVariables(variables: ReadonlyMap<string, VariableUse>, format: ConfigArguments['format']): string {
  const uses = [...variables.values()].sort((first, second) => (first.Name < second.Name ? -1 : 1));
  if (format === 'json') return `${JSON.stringify(Object.fromEntries(uses.map((use) => [use.Name, use])), null, 2)}\n`;
  const rows = uses.map((use) => [use.Name, String(use.Required), use.DefaultValue, use.PresenceValue]);
  const table = [['NAME', 'REQUIRED', 'DEFAULT VALUE', 'ALTERNATE VALUE'], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...table.map((row) => (row[column] ?? '').length)) + 3);
  return lines(
    table.map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('')
        .trimEnd(),
    ),
  );
}

function lines(items: readonly string[]): string {
  return items.map((item) => `${item}\n`).join('');
}
