import { accessSync, constants, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { CommandIo } from '../command-line/io.ts';

/** Where plugins of the Docker command line are installed, after the user's own (docs.docker.com/engine/extend/cli_plugins). */
const pluginDirectories = [
  '/usr/local/lib/docker/cli-plugins',
  '/usr/local/libexec/docker/cli-plugins',
  '/usr/lib/docker/cli-plugins',
  '/usr/libexec/docker/cli-plugins',
];

/** Path of the program that a provider's `type` names: a plugin `docker-TYPE`, else a program of the PATH; null when there is neither. */
export function findProvider(type: string, env: CommandIo['env']): string | null {
  return findPlugin(type, env) ?? findIn(searchPath(env), type);
}

/** Path of the Docker command line's plugin of that name, wherever it is installed. */
export function findPlugin(name: string, env: CommandIo['env']): string | null {
  const home = env['DOCKER_CONFIG'] || join(env['HOME'] || homedir(), '.docker');
  return findIn([join(home, 'cli-plugins'), ...pluginDirectories], `docker-${name}`);
}

/** Path of a program of the PATH. */
export function findInPath(name: string, env: CommandIo['env']): string | null {
  return findIn(searchPath(env), name);
}

function searchPath(env: CommandIo['env']): readonly string[] {
  return (env['PATH'] ?? '').split(delimiter).filter((directory) => directory !== '');
}

/** A name with a slash is no name of a program, so that no file can point at any other place. */
function findIn(directories: readonly string[], name: string): string | null {
  if (name === '' || name.includes('/')) return null;
  return directories.map((directory) => join(directory, name)).find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
