import type { Diagnostics } from './diagnostics.ts';
import { stackFileError } from './errors.ts';
import type { StackFileSystem } from './file-system.ts';
import type { Lookup } from './interpolation/substitute.ts';
import type { Place } from './problems.ts';
import { readText } from './read-text.ts';
import type { Node } from './tree/node.ts';
import { SourceFile } from './tree/source-file.ts';
import { parseYaml } from './yaml/parse-yaml.ts';

/** What one load shares between its stages. */
export interface LoadContext {
  readonly fileSystem: StackFileSystem;
  readonly diagnostics: Diagnostics;
  /** Text given for standard input; null = read it. */
  readonly standardInput: string | null;
  readonly home: string;
  readonly interpolates: boolean;
  /** Documents by absolute path: a file is read and parsed once. */
  readonly documents: Map<string, readonly Node[]>;
  /** Values of `environment:` sources of secrets and configs, by `secrets/KEY`; an included project has variables of its own. */
  readonly payloads: Map<string, string>;
  /** Where env files and label files set what services have of them, by the path in the model. */
  readonly places: Map<string, Place>;
}

/** One project: the stack file itself, or one that `include` brings in. */
export interface ProjectScope {
  /** Absolute paths; `-` for standard input. */
  readonly files: readonly string[];
  /** Absolute directory that relative paths start from. */
  readonly workingDir: string;
  readonly lookup: Lookup;
  /** Files that include this one, outermost first. */
  readonly includedBy: readonly string[];
  /** Where a missing file was asked for; null = on the command line. */
  readonly askedAt: Place | null;
}

/** The documents of a file, uninterpolated. */
export function readDocuments(context: LoadContext, path: string, askedAt: Place | null): readonly Node[] {
  const known = context.documents.get(path);
  if (known !== undefined) return known;
  const documents = parseYaml(new SourceFile(path, readStackText(context, path, askedAt)), context.diagnostics);
  context.documents.set(path, documents);
  return documents;
}

function readStackText(context: LoadContext, path: string, askedAt: Place | null): string {
  if (path === '-') return context.standardInput ?? context.fileSystem.readStandardInput();
  const kind = context.fileSystem.kindOf(path);
  if (kind === 'missing') throw stackFileError(askedAt, [], `no such file: ${path}`);
  if (kind === 'directory') throw stackFileError(askedAt, [], `${path} is a directory, not a stack file`);
  return readText(context.fileSystem, path, askedAt);
}
