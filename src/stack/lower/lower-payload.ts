import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import type { PayloadMountSpec, PayloadSpec } from '../../model/spec.ts';
import type { ComposeConfig, ComposeGrant, ComposeSecret } from '../compose-types.ts';
import { invalidAt, unsupported } from './errors.ts';
import { idNumber, octalMode } from './values.ts';

/** Where contents come from; the real one reads files and the environment of the command. */
export interface PayloadReader {
  /** Absolute directory that relative paths of the file were resolved against. */
  readonly workingDir: string;
  /** Throws as node:fs does. */
  readFile(path: string): Buffer;
  /** Value of the variable that an `environment:` source names; an included project has variables of its own. */
  variable(kind: 'secret' | 'config', key: string): string | undefined;
}

const grantDirectory = { secret: '/run/secrets', config: '/' } as const;
const defaultMode = 0o444;

/** A secret or config as a service mounts it. */
export function lowerGrant(where: string, kind: 'secret' | 'config', grant: ComposeGrant): PayloadMountSpec {
  const at = `${where}.${kind}s.${grant.source}`;
  const target = grant.target === undefined || grant.target === '' ? grant.source : grant.target;
  return {
    source: grant.source,
    target: posix.resolve(grantDirectory[kind], target),
    uid: idNumber(`${at}.uid`, grant.uid),
    gid: idNumber(`${at}.gid`, grant.gid),
    mode: octalMode(`${at}.mode`, grant.mode, defaultMode),
  };
}

/** A secret or config of the stack with its content. */
export function lowerPayload(
  kind: 'secret' | 'config',
  key: string,
  payload: ComposeSecret & ComposeConfig,
  stack: string,
  reader: PayloadReader,
): PayloadSpec {
  const where = `${kind}s.${key}`;
  const labels = payload.labels ?? {};
  if (payload.template_driver !== undefined) throw unsupported(where, 'template_driver');
  if (payload.external === true) return { name: payload.name, external: true, labels, content: null, digest: null };
  const content = readPayload(kind, key, payload, reader);
  // The salt keeps equal secrets of two stacks from showing that they are equal.
  const salt = kind === 'secret' ? `${stack}\0${key}\0` : '';
  const digest = createHash('sha256').update(salt).update(content).digest('hex');
  return {
    name: payload.name,
    external: false,
    labels,
    content: content.toString('base64'),
    digest: `sha256:${digest}`,
  };
}

function readPayload(
  kind: 'secret' | 'config',
  key: string,
  payload: ComposeSecret & ComposeConfig,
  reader: PayloadReader,
): Buffer {
  const keys = [`${kind}s`, key];
  if (payload.content !== undefined) return Buffer.from(payload.content);
  if (payload.environment !== undefined) {
    const value = reader.variable(kind, key);
    if (value === undefined) {
      throw invalidAt(
        [...keys, 'environment'],
        `the environment variable ${payload.environment} is not set`,
        'set it where tsstack is run, or in .env',
      );
    }
    return Buffer.from(value);
  }
  if (payload.file === undefined) throw invalidAt(keys, 'it has no content', 'give it file, environment or content');
  try {
    return reader.readFile(payload.file);
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const reason = isMissing ? 'there is no such file' : (error as Error).message;
    const hint = isMissing ? 'relative paths start at the directory of the stack file' : undefined;
    throw invalidAt([...keys, 'file'], `read ${payload.file}: ${reason}`, hint, error);
  }
}
