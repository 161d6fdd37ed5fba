import type { IncomingMessage } from 'node:http';
import { delay } from '../../abortable.ts';
import { TsstackError } from '../../../../src/model/errors.ts';
import { DigestMismatchError, ImageNotFoundError, RegistryUnavailableError, UnauthorizedError } from '../errors.ts';
import { verifyDigest } from '../formats/digest.ts';
import type { Digest } from '../formats/digest.ts';
import { maxManifestBytes, mediaTypes } from '../formats/manifest.ts';
import { Authorizer } from './authorizer.ts';
import { maxAttempts, patienceMs, retryDelayMs } from './deadlines.ts';
import type { RegistryDeadlines } from './deadlines.ts';
import { readBody, readSmallBody, sendRequest } from './http-request.ts';

const acceptedManifests = [
  mediaTypes.ociIndex,
  mediaTypes.ociManifest,
  mediaTypes.dockerIndex,
  mediaTypes.dockerManifest,
].join(', ');

/** Where the default registry really answers. */
const addresses: Readonly<Record<string, string>> = { 'docker.io': 'registry-1.docker.io' };

/** Part of an image name that requests are about, with the whole name for messages. */
export interface Repository {
  readonly name: string;
  readonly reference: string;
}

/** One registry, by the OCI distribution spec: plain http on this machine, https everywhere else. */
export class RegistryClient {
  readonly host: string;
  readonly #base: string;
  readonly #deadlines: RegistryDeadlines;
  readonly #authorizer: Authorizer;

  constructor(host: string, deadlines: RegistryDeadlines) {
    this.host = host;
    this.#base = `${isLoopback(host) ? 'http' : 'https'}://${addresses[host] ?? host}/v2/`;
    this.#deadlines = deadlines;
    this.#authorizer = new Authorizer(host, deadlines);
  }

  /** A manifest or index by tag or digest; verified when a digest was given. */
  async getManifest(
    repository: Repository,
    tagOrDigest: string,
    digest: Digest | null,
    signal: AbortSignal,
  ): Promise<{ readonly data: Buffer; readonly contentType: string }> {
    const what = `the manifest of ${repository.reference}`;
    const path = `manifests/${tagOrDigest}`;
    const { data, response } = await this.#getSmall(repository, path, { accept: acceptedManifests }, signal);
    if (digest !== null) verifyDigest(data, digest, what);
    return { data, contentType: response.headers['content-type']?.split(';', 1)[0]?.trim() ?? '' };
  }

  /** A small blob, such as a configuration. */
  async getDocument(repository: Repository, digest: Digest, what: string, signal: AbortSignal): Promise<Buffer> {
    const { data } = await this.#getSmall(repository, `blobs/${digest}`, {}, signal);
    verifyDigest(data, digest, what);
    return data;
  }

  /**
   * The bytes of a blob from an offset on. A connection that breaks is taken up again where it broke, as long as there is
   * progress between two failures. The caller verifies size and digest.
   */
  async *download(
    repository: Repository,
    digest: Digest,
    size: number,
    offset: number,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    let position = offset;
    for (let attempt = 1; position < size;) {
      const before = position;
      try {
        for await (const chunk of this.#read(repository, digest, position, signal)) {
          position += chunk.length;
          yield chunk;
        }
        if (position < size) throw new RegistryUnavailableError(this.host, 'the connection ended early');
      } catch (error) {
        attempt = position > before ? 1 : attempt + 1;
        await this.#pause(error, attempt, signal);
      }
    }
  }

  async *#read(
    repository: Repository,
    digest: Digest,
    position: number,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    const headers: Record<string, string> = position === 0 ? {} : { range: `bytes=${position}-` };
    const response = await this.#get(repository, `blobs/${digest}`, headers, signal);
    // A server without ranges sends everything again.
    let skip = response.statusCode === 206 ? 0 : position;
    if (response.statusCode === 206) checkRange(response, position, digest);
    for await (const chunk of readBody(response, this.host, this.#deadlines)) {
      const skipped = Math.min(skip, chunk.length);
      skip -= skipped;
      if (skipped < chunk.length) yield chunk.subarray(skipped);
    }
  }

  async #getSmall(
    repository: Repository,
    path: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<{ readonly data: Buffer; readonly response: IncomingMessage }> {
    const begun = performance.now();
    for (let attempt = 1; ; attempt += 1) {
      try {
        const response = await this.#get(repository, path, headers, signal);
        return { response, data: await readSmallBody(response, this.host, maxManifestBytes, this.#deadlines) };
      } catch (error) {
        if (performance.now() - begun > patienceMs) throw error;
        await this.#pause(error, attempt + 1, signal);
      }
    }
  }

  /** Waits before attempt number `attempt`, or throws what cannot be helped by another one. */
  async #pause(error: unknown, attempt: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (attempt > maxAttempts || !isTransient(error)) throw error;
    await delay(retryDelayMs(attempt - 1, this.#deadlines.retryMs), signal);
    signal.throwIfAborted();
  }

  /** Sends the request, with authorization when the registry wants it, and turns refusals into errors. */
  async #get(
    repository: Repository,
    path: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const url = new URL(`${this.#base}${repository.name}/${path}`);
    const send = (authorization: string | null): Promise<IncomingMessage> =>
      sendRequest({
        url,
        headers: authorization === null ? headers : { ...headers, authorization },
        deadlines: this.#deadlines,
        signal,
      });
    const known = this.#authorizer.known(repository.name);
    let response = await send(known);
    const demand = response.headers['www-authenticate'];
    if (response.statusCode === 401 && demand !== undefined) {
      response.destroy();
      response = await send(await this.#authorizer.authorize(repository.name, demand, repository.reference, signal));
    }
    if (response.statusCode === 200 || response.statusCode === 206) return response;
    response.destroy();
    throw this.#refusal(response, repository);
  }

  #refusal(response: IncomingMessage, { reference }: Repository): Error {
    const status = response.statusCode ?? 0;
    if (status === 404) {
      const hint = 'check the name and the tag, and that the image was pushed';
      return new ImageNotFoundError(reference, `registry ${this.host} does not have it`, hint);
    }
    if (status === 401 || status === 403) {
      return new UnauthorizedError(reference, this.host, `registry ${this.host} refuses access (or does not have it)`);
    }
    if (status === 416) return new DigestMismatchError(`a layer of ${reference}`, 'more bytes', 'the end of the blob');
    return new RegistryUnavailableError(
      this.host,
      status === 429 ? 'too many pulls (429); wait a while' : `it answers ${status}`,
    );
  }
}

/** Refused connections and unknown names do not get better within seconds, and the user should hear of them at once. */
function isTransient(error: unknown): boolean {
  if (!(error instanceof TsstackError) || !error.retryable || error.code === 'timeout') return false;
  const { cause } = error;
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return code !== 'ECONNREFUSED' && code !== 'ENOTFOUND' && (typeof code !== 'string' || !/CERT|TLS|SSL/.test(code));
}

function checkRange(response: IncomingMessage, position: number, digest: Digest): void {
  const [, start] = /^bytes (\d+)-/.exec(response.headers['content-range'] ?? '') ?? [];
  if (Number(start) !== position)
    throw new DigestMismatchError(`blob ${digest}`, `bytes from ${position}`, `from ${start ?? '?'}`);
}

/** Registries on this machine are reached without encryption, as the reference engines do. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/:\d+$/, '');
  return name === 'localhost' || name === '[::1]' || /^127(\.\d{1,3}){3}$/.test(name);
}
