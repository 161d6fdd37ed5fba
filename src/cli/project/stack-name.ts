import { readFileSync } from 'node:fs';
import { Diagnostics } from '../../stack/diagnostics.ts';
import { discoverFiles } from '../../stack/discovery.ts';
import { ProjectEnvironment } from '../../stack/environment/project-environment.ts';
import { resolve } from 'node:path';
import { nodeFileSystem } from '../../stack/node-file-system.ts';
import { findProjectName } from '../../stack/project-name.ts';
import { SourceFile } from '../../stack/tree/source-file.ts';
import { mapFrom, mapNode, type Node } from '../../stack/tree/node.ts';
import type { CommandContext } from '../command-line/verb.ts';
import { loadOptions } from './load-options.ts';
import { scanName } from './scan-name.ts';

/** What exists can be acted on from anywhere. */
const withoutFile = 'name its file with -f, or the stack with -p: `tsstack ls` shows those that exist';

/**
 * The name of the command's stack, for verbs that act on what exists. With -p no file is looked at; else the files are read only as far
 * as their `name:` goes, without the YAML parser and the schema, which take longer than the rest of such a verb.
 */
export async function stackName(context: Pick<CommandContext, 'globals' | 'io'>): Promise<string> {
  return quickName(context) ?? (await carefulName(context));
}

/** Whether flags say which stack is meant; else it is that of the directory. */
export function isStackGiven({ globals }: Pick<CommandContext, 'globals'>): boolean {
  return globals['project-name'] !== undefined || globals.file.length > 0;
}

/** Null when a file says its name in a way that needs the real parser. */
function quickName(context: Pick<CommandContext, 'globals' | 'io'>): string | null {
  const options = loadOptions(context);
  const { cwd, env, files = [], envFiles = [] } = options;
  const projectDirectory = options.projectDirectory === undefined ? null : resolve(cwd, options.projectDirectory);
  const environment = new ProjectEnvironment(env, nodeFileSystem, cwd, envFiles);
  environment.readDefaultFile(projectDirectory ?? cwd);
  const given = options.projectName ?? (environment.lookup('COMPOSE_PROJECT_NAME') || null);
  if (given !== null) return findProjectName(given, environment.lookup, [], cwd);
  const discovered = discoverFiles(
    { cwd, files, projectDirectory, hint: withoutFile },
    environment.lookup,
    nodeFileSystem,
    new Diagnostics(),
  );
  environment.readDefaultFile(discovered.workingDir);
  const names = discovered.files.map((file) =>
    file === '-' ? { kind: 'unclear' as const } : scanName(readFileSync(file, 'utf8')),
  );
  if (names.some(({ kind }) => kind === 'unclear')) return null;
  const documents = names.flatMap((name) => (name.kind === 'name' ? [documentWithName(name.text)] : []));
  return findProjectName(null, environment.lookup, documents, discovered.workingDir);
}

function documentWithName(name: string): Node {
  const file = new SourceFile('', '');
  return mapFrom({ name }, mapNode(new Map(), { file, offset: 0 }));
}

async function carefulName(context: Pick<CommandContext, 'globals' | 'io'>): Promise<string> {
  const { loadStack } = await import('../../stack/index.ts');
  return loadStack({ ...loadOptions(context), noConsistency: true, noEnvResolution: true }).name;
}
