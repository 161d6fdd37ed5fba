import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { hasErrno } from '../../errors.ts';
import { MalformedImageError } from '../errors.ts';

/** How to identify to a registry. Never logged. */
export type Credentials =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  /** A refresh token, exchanged for access tokens. */
  | { readonly kind: 'identity-token'; readonly token: string };

const configSchema = z.object({
  auths: z
    .record(
      z.string(),
      z.object({
        auth: z.string().optional(),
        username: z.string().optional(),
        password: z.string().optional(),
        identitytoken: z.string().optional(),
      }),
    )
    .optional(),
  credHelpers: z.record(z.string(), z.string()).optional(),
  credsStore: z.string().optional(),
});

type LoginConfig = z.infer<typeof configSchema>;

const helperReply = z.object({ Username: z.string(), Secret: z.string() });

/** A helper that asks a key ring takes a moment; one that waits for a person would wait for ever. */
const helperTimeoutMs = 10_000;

/** The default registry is listed under its old address. */
const legacyKeys: Readonly<Record<string, string>> = { 'docker.io': 'https://index.docker.io/v1/' };

/** The file that `docker login` writes, of the user that runs the daemon. */
function configPath(env: NodeJS.ProcessEnv): string {
  return join(env['DOCKER_CONFIG'] ?? join(env['HOME'] ?? homedir(), '.docker'), 'config.json');
}

/** What `docker login` has stored for a registry, read anew each time so that a login takes effect at once; null when there is nothing. */
export async function findCredentials(host: string, env: NodeJS.ProcessEnv = process.env): Promise<Credentials | null> {
  const config = readConfig(configPath(env));
  const key = legacyKeys[host] ?? host;
  const helper = config.credHelpers?.[host] ?? config.credHelpers?.[key] ?? config.credsStore;
  const fromHelper = helper === undefined ? null : await askHelper(helper, key);
  return fromHelper ?? fromEntry(config, [key, host, `https://${host}`, `https://${host}/v2/`]);
}

function readConfig(path: string): LoginConfig {
  try {
    return configSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return {};
    // Without the cause: its text may quote the file.
    throw new MalformedImageError(`the login file ${path}`, 'it is not what "docker login" writes');
  }
}

function fromEntry(config: LoginConfig, keys: readonly string[]): Credentials | null {
  const entry = keys.map((key) => config.auths?.[key]).find((found) => found !== undefined);
  if (entry === undefined) return null;
  if (entry.identitytoken !== undefined && entry.identitytoken !== '') {
    return { kind: 'identity-token', token: entry.identitytoken };
  }
  if (entry.username !== undefined && entry.password !== undefined) {
    return { kind: 'password', username: entry.username, password: entry.password };
  }
  const decoded = Buffer.from(entry.auth ?? '', 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  if (colon <= 0) return null;
  return {
    kind: 'password',
    username: decoded.slice(0, colon),
    password: decoded.slice(colon + 1).replace(/\0+$/, ''),
  };
}

/** Runs docker-credential-NAME; null when it knows nothing (or is not installed, as with a copied login file). */
function askHelper(name: string, key: string): Promise<Credentials | null> {
  return new Promise((resolve) => {
    const child = execFile(`docker-credential-${name}`, ['get'], { timeout: helperTimeoutMs }, (error, stdout) => {
      const reply = error === null ? helperReply.safeParse(parseOrNull(stdout)) : null;
      if (reply?.success !== true) resolve(null);
      else if (reply.data.Username === '<token>') resolve({ kind: 'identity-token', token: reply.data.Secret });
      else resolve({ kind: 'password', username: reply.data.Username, password: reply.data.Secret });
    });
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(key);
  });
}

function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
