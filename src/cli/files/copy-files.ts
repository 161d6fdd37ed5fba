import { posix } from 'node:path';
import { TsstackError } from '../../model/errors.ts';
import type { FileSide } from './file-side.ts';

/** A path as it was typed, made absolute: a slash or `/.` at its end still counts. */
export interface CopyEnd {
  readonly side: FileSide;
  readonly path: string;
}

/** What is to be copied. */
interface CopySource {
  readonly path: string;
  /** `.` stands for the content of a directory. */
  readonly name: string;
  readonly isDirectory: boolean;
  /** A link at the end of the path. */
  readonly follow: boolean;
}

/** As many links as the kernel follows in one path. */
const maxLinks = 40;

/** One copy whose ends have been looked at. */
interface PlannedCopy {
  readonly from: FileSide;
  readonly source: CopySource;
  readonly to: FileSide;
  readonly destination: CopyDestination;
}

/** The existing directory that a source goes into, and the name that it gets there. */
interface CopyDestination {
  readonly directory: string;
  readonly name: string;
}

/** Looks at both ends, as docker's cp does: what the destination is decides where the source goes, and under which name. */
export async function planCopy(from: CopyEnd, to: CopyEnd, followLink: boolean): Promise<PlannedCopy> {
  const source = await findSource(from, followLink);
  return { from: from.side, source, to: to.side, destination: await findDestination(to, source) };
}

/** Copies. Owners are kept, or become the destination's own. */
export async function copyFiles({ from, source, to, destination }: PlannedCopy, keepOwners: boolean): Promise<void> {
  const { path, follow } = source;
  const archive = from.pack({ path, name: destination.name, follow });
  await to.insert({ ...destination, keepOwners }, archive);
}

/** Looks at what is to be copied. */
export async function findSource({ side, path }: CopyEnd, followLink: boolean): Promise<CopySource> {
  const clean = withoutEnd(path);
  const hasSlash = endsAsDirectory(path);
  const follow = followLink || hasSlash;
  const { kind } = await side.look(clean, follow);
  if (kind === 'missing') throw noSuchPath(side, path);
  if (hasSlash && kind !== 'directory')
    throw new TsstackError('invalid', `copy ${path}: on ${side.name} it is no directory`, {
      hint: 'leave the slash at its end out',
    });
  const name = isContent(path) || clean === '/' ? '.' : posix.basename(clean);
  return { path: clean, name, isDirectory: kind === 'directory', follow };
}

/** Looks at what the destination is. */
async function findDestination(
  { side, path: typed }: CopyEnd,
  source: Pick<CopySource, 'name' | 'isDirectory' | 'path'>,
): Promise<CopyDestination> {
  const { path, kind } = await followLinks(side, withoutEnd(typed));
  if (kind === 'directory') return { directory: path, name: source.name };
  // A file in the place of /dev/null is a broken machine.
  if (kind === 'other')
    throw new TsstackError('conflict', `${typed} of ${side.name} is a device, pipe or socket, which no file replaces`, {
      hint: 'for standard output write `tsstack cp SERVICE:SRC -`, which is an archive',
    });
  if (kind !== 'missing') {
    if (source.isDirectory)
      throw new TsstackError('conflict', `copy directory ${source.path}: ${typed} of ${side.name} is a file`, {
        hint: 'name a directory, or a path that does not exist yet',
      });
    if (endsAsDirectory(typed)) throw new TsstackError('invalid', `${typed} of ${side.name} is no directory`);
  } else {
    if (endsAsDirectory(typed) && !source.isDirectory) throw noSuchDirectory(side, typed);
    const parent = posix.dirname(path);
    if ((await side.look(parent, true)).kind !== 'directory') throw noSuchDirectory(side, parent);
  }
  return { directory: posix.dirname(path), name: posix.basename(path) };
}

/** The existing directory at a path, for an archive. */
export async function requireDirectory({ side, path }: CopyEnd): Promise<string> {
  const clean = withoutEnd(path);
  const { kind } = await side.look(clean, true);
  if (kind === 'missing') throw noSuchDirectory(side, path);
  if (kind !== 'directory')
    throw new TsstackError('invalid', `${path} of ${side.name} is no directory`, {
      hint: 'an archive is unpacked into a directory',
    });
  return clean;
}

/** What is copied onto a link goes where the link points, be something there or not. */
async function followLinks(
  side: FileSide,
  start: string,
): Promise<{ readonly path: string; readonly kind: 'missing' | 'directory' | 'file' | 'other' }> {
  let path = start;
  for (let links = 0; links <= maxLinks; links += 1) {
    const { kind, target } = await side.look(path, false);
    if (kind !== 'link') return { path, kind };
    path = posix.resolve(posix.dirname(path), target);
  }
  throw new TsstackError('invalid', `${start} of ${side.name} is a link that leads in a circle`);
}

function noSuchPath(side: FileSide, path: string): TsstackError {
  return new TsstackError('not-found', `${side.name} has no ${path}`);
}

function noSuchDirectory(side: FileSide, path: string): TsstackError {
  return new TsstackError('not-found', `${side.name} has no directory ${path}`, { hint: 'make it first' });
}

function isContent(path: string): boolean {
  return path === '.' || path.endsWith('/.');
}

function endsAsDirectory(path: string): boolean {
  return path.endsWith('/') || isContent(path);
}

function withoutEnd(path: string): string {
  return posix.resolve('/', path);
}
