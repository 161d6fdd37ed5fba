import { closeSync, constants, lstatSync, openSync, readFileSync, readlinkSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { join } from 'node:path';
import { hasErrno } from '../errors.ts';

interface Entry {
  readonly path: string;
  readonly stats: Stats;
}

/** As many symbolic links as the kernel follows in one path. */
const maxLinks = 40;

/**
 * Reads a file as a container with these layers would see it, without mounting anything and without ever following a link
 * out of the layers. `layers` runs from the topmost directory to the lowest. Returns null when there is no such regular file.
 *
 * Opaque directories are not honoured, because Node cannot read extended attributes: a file that only such a directory hides
 * is found nevertheless. For the user databases, its one use, that is harmless.
 */
export function readLayeredFile(layers: readonly string[], path: string): string | null {
  const found = resolveLayered(layers, path);
  return found !== null && found.stats.isFile() ? readExactly(found.path) : null;
}

/** True when a container with these layers would see a directory at that path. */
export function hasLayeredDirectory(layers: readonly string[], path: string): boolean {
  return resolveLayered(layers, path)?.stats.isDirectory() ?? false;
}

function resolveLayered(layers: readonly string[], path: string): Entry | null {
  let pending = split(path);
  let resolved: string[] = [];
  for (let links = 0; links <= maxLinks;) {
    const [next, ...rest] = pending;
    if (next === undefined) return null;
    pending = rest;
    if (next === '..') {
      resolved = resolved.slice(0, -1);
      continue;
    }
    const found = find(layers, [...resolved, next]);
    if (found === null) return null;
    if (found.stats.isSymbolicLink()) {
      links += 1;
      const target = readlinkSync(found.path);
      if (target.startsWith('/')) resolved = [];
      pending = [...split(target), ...pending];
    } else {
      resolved = [...resolved, next];
      if (pending.length === 0) return found;
    }
  }
  return null;
}

/** The topmost entry with that path; a lower layer is visible only below directories that every layer above has as directories or not at all. */
function find(layers: readonly string[], components: readonly string[]): Entry | null {
  for (const layer of layers) {
    const entry = findInLayer(layer, components);
    if (entry === 'hidden') return null;
    if (entry !== 'absent') return entry;
  }
  return null;
}

function findInLayer(layer: string, components: readonly string[]): Entry | 'absent' | 'hidden' {
  let path = layer;
  for (const [index, component] of components.entries()) {
    path = join(path, component);
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats === undefined) return 'absent';
    if (stats.isCharacterDevice() && stats.rdev === 0) return 'hidden';
    if (index === components.length - 1) return { path, stats };
    if (!stats.isDirectory()) return 'hidden';
  }
  return 'absent';
}

/** Reads the file unless somebody swapped a part of its path for a link since it was looked at (the topmost layer may be in use). */
function readExactly(path: string): string | null {
  let descriptor: number | null = null;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    return readlinkSync(`/proc/self/fd/${descriptor}`) === path ? readFileSync(descriptor, 'utf8') : null;
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ELOOP')) return null;
    throw error;
  } finally {
    if (descriptor !== null) closeSync(descriptor);
  }
}

function split(path: string): string[] {
  return path.split('/').filter((component) => component !== '' && component !== '.');
}
