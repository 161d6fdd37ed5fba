import * as z from 'zod';
import { RegistryUnavailableError, UnauthorizedError } from '../errors.ts';
import { parseJson } from '../formats/json.ts';
import { parseChallenge } from './challenge.ts';
import type { Challenge } from './challenge.ts';
import { findCredentials } from './credentials.ts';
import type { Credentials } from './credentials.ts';
import type { RegistryDeadlines } from './deadlines.ts';
import { readSmallBody, sendRequest } from './http-request.ts';

const maxTokenBytes = 1024 * 1024;
/** The token specification's default. */
const defaultLifeSeconds = 60;
/** A token is not used in its last moments: the request has to arrive before the end. */
const safetySeconds = 5;

const tokenReply = z.object({
  token: z.string().optional(),
  access_token: z.string().optional(),
  expires_in: z.number().optional(),
});

type Bearer = Extract<Challenge, { readonly scheme: 'bearer' }>;

/** Answers a registry's demands for authorization and remembers what it accepted, for each repository. */
export class Authorizer {
  readonly #host: string;
  readonly #deadlines: RegistryDeadlines;
  readonly #headers = new Map<string, { readonly value: string; readonly expiresAt: number }>();

  constructor(host: string, deadlines: RegistryDeadlines) {
    this.#host = host;
    this.#deadlines = deadlines;
  }

  /** The header that was accepted before, if it is still good. */
  known(repository: string): string | null {
    const header = this.#headers.get(repository);
    return header === undefined || header.expiresAt <= Date.now() ? null : header.value;
  }

  /** Makes a header for the registry's demand. */
  async authorize(repository: string, demand: string, reference: string, signal: AbortSignal): Promise<string> {
    this.#headers.delete(repository);
    const challenge = parseChallenge(demand);
    const credentials = await findCredentials(this.#host);
    if (challenge === null)
      throw new UnauthorizedError(reference, this.#host, `registry ${this.#host} wants an unknown way to log in`);
    const header =
      challenge.scheme === 'basic'
        ? { value: basicHeader(credentials), lifeSeconds: Number.POSITIVE_INFINITY }
        : await this.#fetchToken(challenge, repository, credentials, reference, signal);
    if (header.value === null)
      throw new UnauthorizedError(reference, this.#host, `registry ${this.#host} wants a login`);
    const expiresAt = Date.now() + (header.lifeSeconds - safetySeconds) * 1000;
    this.#headers.set(repository, { value: header.value, expiresAt });
    return header.value;
  }

  async #fetchToken(
    challenge: Bearer,
    repository: string,
    credentials: Credentials | null,
    reference: string,
    signal: AbortSignal,
  ): Promise<{ value: string; lifeSeconds: number }> {
    const scope = challenge.scope === '' ? `repository:${repository}:pull` : challenge.scope;
    const url = new URL(challenge.realm);
    const response = await sendRequest({
      ...tokenRequest(url, { ...challenge, scope }, credentials),
      deadlines: this.#deadlines,
      signal,
    });
    const status = response.statusCode ?? 0;
    const data = await readSmallBody(response, url.host, maxTokenBytes, this.#deadlines);
    if (status === 401 || status === 403) {
      throw new UnauthorizedError(
        reference,
        this.#host,
        `${url.host} does not accept the login for registry ${this.#host}`,
      );
    }
    if (status !== 200) throw new RegistryUnavailableError(url.host, `it answers ${status} when asked for a token`);
    const reply = parseJson(tokenReply, data, `the token of ${url.host}`);
    const token = reply.token ?? reply.access_token ?? '';
    return { value: `Bearer ${token}`, lifeSeconds: reply.expires_in ?? defaultLifeSeconds };
  }
}

function basicHeader(credentials: Credentials | null): string | null {
  if (credentials?.kind !== 'password') return null;
  return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;
}

/** The distribution project's token protocol: GET with Basic, or for a refresh token the OAuth 2 form. */
function tokenRequest(
  url: URL,
  challenge: Bearer,
  credentials: Credentials | null,
): { url: URL; method: 'GET' | 'POST'; headers: Record<string, string>; body?: string } {
  const fields = { service: challenge.service, scope: challenge.scope };
  if (credentials?.kind === 'identity-token') {
    const form = { ...fields, grant_type: 'refresh_token', refresh_token: credentials.token, client_id: 'tsstack' };
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return { url, method: 'POST', headers, body: new URLSearchParams(form).toString() };
  }
  const target = new URL(url);
  for (const [key, value] of Object.entries(fields)) if (value !== '') target.searchParams.set(key, value);
  const basic = basicHeader(credentials);
  return { url: target, method: 'GET', headers: basic === null ? {} : { authorization: basic } };
}
