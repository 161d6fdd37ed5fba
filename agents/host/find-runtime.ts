import { accessSync, constants, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { TaskError } from './errors.ts';

/** The runtime that is built into the shim. */
const ownRuntime = 'box';

/** Where a runtime may lie that the daemon's own PATH does not name. */
const usualDirectories = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/**
 * The program of an OCI runtime, which is given by its name or its absolute path; null for our own, which needs no program.
 * Throws TaskError when this host does not have it.
 */
export function findRuntime(name: string, searchPath: string): string | null {
  if (name === ownRuntime) return null;
  const found = findProgram(name, searchPath);
  if (found !== undefined) return found;
  throw new TaskError('not-found', `runtime: ${name} is not on this host`, {
    hint: `install it, give its absolute path, or leave \`runtime\` (daemon --runtime) out for tsstack's own, ${ownRuntime}`,
  });
}

/** A program by its name or absolute path; undefined when this host does not have it. */
export function findProgram(name: string, searchPath: string): string | undefined {
  const candidates = isAbsolute(name) ? [name] : namedCandidates(name, searchPath);
  return candidates.find(isProgram);
}

function namedCandidates(name: string, searchPath: string): string[] {
  if (name.includes('/')) return [];
  return [...searchPath.split(':').filter(isAbsolute), ...usualDirectories].map((directory) => join(directory, name));
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false; // not there, or not ours to look at
  }
}
