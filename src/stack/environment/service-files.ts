import { parseDotenv, parseRawEnvironment, type VariablePlaces } from '../dotenv/parse-dotenv.ts';
import type { ComposeEnvFile } from '../compose-types.ts';
import type { StackFileSystem } from '../file-system.ts';
import type { Diagnostics } from '../diagnostics.ts';
import { StackFileError } from '../errors.ts';
import type { Lookup } from '../interpolation/substitute.ts';
import { readText } from '../read-text.ts';
import type { DraftProject } from '../normalise/draft.ts';
import type { Place } from '../problems.ts';
import { formatPath, type NodePath } from '../tree/node.ts';

export interface ServiceFileReader {
  readonly fileSystem: StackFileSystem;
  readonly diagnostics: Diagnostics;
  readonly locate: (path: NodePath) => Place;
  /** Gets the place of every variable and label that a file sets, by the path that it has in the model. */
  readonly places: Map<string, Place>;
}

/** Reads the env files and label files of every service into its `environment` and `labels`, which win over them. */
export function foldServiceFiles(project: DraftProject, lookup: Lookup, reader: ServiceFileReader): void {
  for (const [name, service] of Object.entries(project.services)) {
    const { env_file: envFiles, label_file: labelFiles } = service;
    if (envFiles !== undefined) {
      const own = service.environment ?? {};
      const values = readEnvFiles(envFiles, own, lookup, ['services', name, 'env_file'], reader);
      service.environment = { ...Object.fromEntries(values), ...own };
      delete service.env_file;
    }
    if (labelFiles !== undefined) {
      const values = readLabelFiles(labelFiles, ['services', name, 'label_file'], reader);
      service.labels = { ...Object.fromEntries(values), ...service.labels };
      delete service.label_file;
    }
  }
}

/**
 * The variables of a service's env files, later files winning. Names in them are looked up in the project's environment,
 * then in the service's own, then in what was read before.
 */
function readEnvFiles(
  entries: readonly ComposeEnvFile[],
  own: Readonly<Record<string, string | null>>,
  lookup: Lookup,
  path: NodePath,
  reader: ServiceFileReader,
): Map<string, string> {
  const values = new Map<string, string>();
  const places: VariablePlaces = new Map();
  const lookupAll: Lookup = (name) => lookup(name) ?? (Object.hasOwn(own, name) ? (own[name] ?? undefined) : undefined);
  for (const [index, entry] of entries.entries()) {
    const at = reader.locate([...path, index]);
    const kind = reader.fileSystem.kindOf(entry.path);
    if (kind === 'missing' && !entry.required) continue;
    if (kind !== 'file') {
      const message = kind === 'missing' ? `env file ${entry.path} not found` : `env file ${entry.path} is a directory`;
      reader.diagnostics.error(at, [...path, index], message, 'required: false makes it optional');
      continue;
    }
    collect(reader, () => {
      const text = readText(reader.fileSystem, entry.path, at);
      if (entry.format === 'raw') parseRawEnvironment(entry.path, text, lookupAll, values, places);
      else parseDotenv(entry.path, text, lookupAll, values, places);
    });
  }
  notePlaces(places, [...path.slice(0, 2), 'environment'], reader);
  return values;
}

/** The labels of a service's label files, later files winning; names in them see earlier label files only. */
function readLabelFiles(paths: readonly string[], path: NodePath, reader: ServiceFileReader): Map<string, string> {
  const values = new Map<string, string>();
  const places: VariablePlaces = new Map();
  for (const [index, file] of paths.entries()) {
    const at = reader.locate([...path, index]);
    if (reader.fileSystem.kindOf(file) !== 'file') {
      reader.diagnostics.error(at, [...path, index], `label file ${file} not found`);
      continue;
    }
    collect(reader, () => parseDotenv(file, readText(reader.fileSystem, file, at), () => undefined, values, places));
  }
  notePlaces(places, [...path.slice(0, 2), 'labels'], reader);
  return values;
}

function notePlaces(places: VariablePlaces, path: NodePath, reader: ServiceFileReader): void {
  for (const [key, place] of places) reader.places.set(formatPath([...path, key]), place);
}

function collect(reader: ServiceFileReader, read: () => void): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof StackFileError)) throw error;
    reader.diagnostics.addAll(error.problems);
  }
}
