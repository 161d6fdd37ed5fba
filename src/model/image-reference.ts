import { TsstackError } from './errors.ts';

/** `sha256:` and 64 lower-case hex digits: the one algorithm that every tool of this field writes. */
export type Digest = `sha256:${string}`;

const digestPattern = /^sha256:[0-9a-f]{64}$/;

export function isDigest(text: string): text is Digest {
  return digestPattern.test(text);
}

/** The text is no reference of any kind that there is. */
export class InvalidReferenceError extends TsstackError {
  constructor(text: string, problem: string) {
    super('invalid', `read image reference ${JSON.stringify(text)}: ${problem}`, {
      hint: 'expected [registry[:port]/]name[:tag][@digest], oci-layout:///DIR[:tag], docker-archive:///FILE or rootfs:///DIR',
    });
  }
}

/** Where an image comes from, as the stack file names it. */
export type ImageReference = RegistryReference | LayoutReference | ArchiveReference | RootfsReference | IdReference;

export interface RegistryReference {
  readonly kind: 'registry';
  /** `docker.io`, `localhost:5000`, … */
  readonly host: string;
  readonly repository: string;
  /** Null when a digest decides. */
  readonly tag: string | null;
  readonly digest: Digest | null;
}

/** A directory in the OCI image layout. */
export interface LayoutReference {
  readonly kind: 'oci-layout';
  readonly directory: string;
  /** Null: the only image, or `latest`. */
  readonly tag: string | null;
}

/** A file written by `docker save`, or an OCI layout in a tar. */
export interface ArchiveReference {
  readonly kind: 'docker-archive';
  readonly file: string;
}

/** A directory that is the whole file system of the image, used where it lies. */
export interface RootfsReference {
  readonly kind: 'rootfs';
  readonly directory: string;
}

/** An image that is on this host, by its id. */
export interface IdReference {
  readonly kind: 'id';
  readonly id: Digest;
}

const defaultHost = 'docker.io';
const officialNamespace = 'library/';
const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const repositoryPattern = new RegExp(`^${component}(?:/${component})*$`);
const tagPattern = /^\w[\w.-]{0,127}$/;
const hostPattern =
  /^(?:\[[0-9a-fA-F:.]+\]|(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*)(?::\d{1,5})?$/;
const maxNameLength = 255;

/** Reads any kind of reference. */
export function parseReference(text: string): ImageReference {
  const scheme = /^([a-z][a-z-]*):\/\/(.*)$/s.exec(text);
  if (scheme !== null) return parseLocal(text, scheme[1] ?? '', scheme[2] ?? '');
  if (isDigest(text)) return { kind: 'id', id: text };
  return parseRegistryReference(text);
}

function parseLocal(text: string, scheme: string, rest: string): ImageReference {
  const path = decodePath(text, rest);
  switch (scheme) {
    case 'rootfs':
      return { kind: 'rootfs', directory: path };
    case 'docker-archive':
      return { kind: 'docker-archive', file: path };
    case 'oci-layout': {
      const [, directory = path, tag] = /^(.*?):([^/:]+)$/.exec(path) ?? [];
      return { kind: 'oci-layout', directory, tag: tag ?? null };
    }
    default:
      throw new InvalidReferenceError(text, `there is no source ${scheme}://`);
  }
}

function decodePath(text: string, path: string): string {
  if (!path.startsWith('/') || path.includes('\0')) throw new InvalidReferenceError(text, 'the path must be absolute');
  return path.length > 1 ? path.replace(/\/+$/, '') || '/' : path;
}

/** Reads a name as docker does: without a host it lies at docker.io, there without a namespace in `library`; without tag or digest `latest`. */
export function parseRegistryReference(text: string): RegistryReference {
  const [, beforeDigest = text, digestText] = /^(.*?)@(.*)$/s.exec(text) ?? [];
  if (digestText !== undefined && !isDigest(digestText)) {
    throw new InvalidReferenceError(text, 'after "@" comes sha256: and 64 hex digits');
  }
  const [, name = beforeDigest, tag] = /^(.*):([^/]*)$/s.exec(beforeDigest) ?? [];
  if (tag !== undefined && !tagPattern.test(tag)) {
    throw new InvalidReferenceError(text, `"${tag}" is no tag (letters, digits, "_", ".", "-"; at most 128)`);
  }
  const { host, repository } = splitName(name);
  checkName(text, host, repository);
  const digest = digestText ?? null;
  return { kind: 'registry', host, repository, tag: digest === null ? (tag ?? 'latest') : null, digest };
}

function splitName(name: string): { host: string; repository: string } {
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(slash, 0));
  const isHost = slash > 0 && (/[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase());
  const host = isHost ? first : defaultHost;
  const path = isHost ? name.slice(slash + 1) : name;
  if (host === 'index.docker.io' || host === defaultHost) {
    return { host: defaultHost, repository: path.includes('/') ? path : officialNamespace + path };
  }
  return { host, repository: path };
}

function checkName(text: string, host: string, repository: string): void {
  if (!hostPattern.test(host)) throw new InvalidReferenceError(text, `"${host}" is no registry`);
  if (repositoryPattern.test(repository) && host.length + repository.length < maxNameLength) return;
  const isCase = repositoryPattern.test(repository.toLowerCase());
  throw new InvalidReferenceError(text, isCase ? 'a name has lower-case letters only' : 'it has no valid name');
}

/** The one spelling under which an image is remembered. */
export function referenceKey(reference: ImageReference): string {
  switch (reference.kind) {
    case 'registry': {
      const name = `${reference.host}/${reference.repository}`;
      return reference.digest === null ? `${name}:${reference.tag ?? 'latest'}` : `${name}@${reference.digest}`;
    }
    case 'oci-layout':
      return `oci-layout://${reference.directory}${reference.tag === null ? '' : `:${reference.tag}`}`;
    case 'docker-archive':
      return `docker-archive://${reference.file}`;
    case 'rootfs':
      return `rootfs://${reference.directory}`;
    case 'id':
      return reference.id;
  }
}

/** A remembered spelling as people write it: without docker.io and `library`. */
export function familiarName(key: string): string {
  const official = `${defaultHost}/${officialNamespace}`;
  if (key.startsWith(official) && !key.includes('/', official.length)) return key.slice(official.length);
  return key.startsWith(`${defaultHost}/`) ? key.slice(defaultHost.length + 1) : key;
}
