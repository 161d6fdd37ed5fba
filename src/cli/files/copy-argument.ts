import { TsstackError } from '../../model/errors.ts';

/** One end of a copy on the command line. */
export type CopyArgument =
  | { readonly kind: 'container'; readonly service: string; readonly path: string }
  | { readonly kind: 'host'; readonly path: string }
  | { readonly kind: 'stream' };

/** The two ends: exactly one of them is in a container. */
export type CopyDirection =
  | { readonly to: 'container'; readonly service: string; readonly path: string; readonly from: HostEnd }
  | { readonly to: 'host'; readonly service: string; readonly path: string; readonly into: HostEnd };

type HostEnd = Exclude<CopyArgument, { readonly kind: 'container' }>;

/** Reads `SERVICE:PATH`, a path of this host (absolute, or beginning with a dot where it has a colon) or `-`. */
export function parseCopyArgument(text: string): CopyArgument {
  if (text === '-') return { kind: 'stream' };
  const colon = text.indexOf(':');
  if (colon <= 0 || text.startsWith('/') || text.startsWith('.')) {
    if (text === '') throw new TsstackError('invalid', 'copy files: a path is empty');
    return { kind: 'host', path: text };
  }
  const path = text.slice(colon + 1);
  if (path === '') {
    throw new TsstackError('invalid', `copy files: ${text} names no path in the container`, {
      hint: `write ${text}/PATH`,
    });
  }
  return { kind: 'container', service: text.slice(0, colon), path };
}

/** Throws when not exactly one end is in a container. */
export function directionOf(source: CopyArgument, destination: CopyArgument): CopyDirection {
  if (source.kind === 'container') {
    if (destination.kind !== 'container')
      return { to: 'host', service: source.service, path: source.path, into: destination };
    throw new TsstackError('invalid', 'copy files: both ends are in containers', {
      hint: `copy onto this host first: tsstack cp ${source.service}:${source.path} ./FILE`,
    });
  }
  if (destination.kind === 'container')
    return { to: 'container', service: destination.service, path: destination.path, from: source };
  throw new TsstackError('invalid', 'copy files: neither end is in a container', {
    hint: 'write SERVICE:PATH for the one that is; a path of this host with a colon needs ./ before it',
  });
}
