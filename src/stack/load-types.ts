import type { ComposeProject } from './compose-types.ts';
import type { ProcessEnvironment } from './environment/project-environment.ts';
import type { StackFileSystem } from './file-system.ts';
import type { Lookup } from './interpolation/substitute.ts';
import type { VariableUse } from './interpolation/variables.ts';
import type { Place, Problem } from './problems.ts';
import type { MapNode, Node, NodePath } from './tree/node.ts';

/** How to load a stack: the global flags of the command line, and what `config` may switch off. */
export interface LoadOptions {
  /** Absolute. */
  readonly cwd: string;
  /** The process environment. */
  readonly env: ProcessEnvironment;
  /** `-f`, relative to `cwd`; `-` = standard input. Default: COMPOSE_FILE, else the nearest file upwards. */
  readonly files?: readonly string[] | undefined;
  readonly projectName?: string | undefined;
  /** Default: COMPOSE_PROFILES. */
  readonly profiles?: readonly string[] | undefined;
  /** `--env-file`. Default: COMPOSE_ENV_FILES, else `.env`. */
  readonly envFiles?: readonly string[] | undefined;
  readonly projectDirectory?: string | undefined;
  /** Services to keep, with those that they depend on; naming one turns its profile on. Default: all. */
  readonly services?: readonly string[] | undefined;
  /** Text of standard input; default: read it when a file is `-`. */
  readonly stdin?: string | undefined;
  /** Default: the files of this machine. */
  readonly fileSystem?: StackFileSystem | undefined;
  /** Keep resources that nobody uses. */
  readonly allResources?: boolean | undefined;
  readonly noInterpolate?: boolean | undefined;
  readonly noNormalize?: boolean | undefined;
  readonly noPathResolution?: boolean | undefined;
  readonly noConsistency?: boolean | undefined;
  /** Leave env_file and label_file, and bare keys of environment, as they are. */
  readonly noEnvResolution?: boolean | undefined;
  /** A further check, whose problems are shown along with those of the loader. */
  readonly alsoCheck?: ((stack: CheckedStack) => readonly Problem[]) | undefined;
}

/** A stack while it is checked. What was wrong so far is missing from it: required keys, too. */
export type CheckedStack = Pick<LoadedStack, 'project' | 'tree' | 'lookup'>;

/** Where something was written; line and column from 1. */
interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A loaded stack. */
export interface LoadedStack {
  readonly name: string;
  /** The canonical model of the selected services. With `noInterpolate` its texts may hold variables where numbers belong. */
  readonly project: ComposeProject;
  readonly warnings: readonly Problem[];
  /** Absolute paths of the stack files; `-` for standard input. */
  readonly files: readonly string[];
  readonly envFiles: readonly string[];
  /** Absolute directory that relative paths start from. */
  readonly workingDir: string;
  /** Services of the files that a profile or the selection leaves out. */
  readonly disabledServices: readonly string[];
  /** Every profile that some service names, sorted. */
  readonly profiles: readonly string[];
  /** The variable as interpolation sees it: process environment first, then env files. */
  readonly lookup: Lookup;
  /** Every variable of the project's environment, sorted by name. */
  environmentEntries(): [string, string][];
  /** Variables that the files use, by name. */
  variables(): ReadonlyMap<string, VariableUse>;
  /** Content of an `environment:` source, or undefined when its variable is unset. */
  payloadOf(kind: 'secrets' | 'configs', key: string): string | undefined;
  /** Where a path of the model was written: it, or the nearest ancestor that a file has. */
  locate(path: NodePath): Position;
  /** Where env files and label files set what services have of them, by the path in the model. */
  readonly filePlaces: ReadonlyMap<string, Place>;
  /** All stack files as they were written, before variables were replaced. */
  documents(): readonly Node[];
  /** The merged tree behind the model, with positions. */
  readonly tree: MapNode;
}
