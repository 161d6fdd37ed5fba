import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { getCACertificates } from 'node:tls';
import { TsstackError } from '../../../../src/model/errors.ts';
import { hasErrno } from '../../errors.ts';
import { RegistryTimeoutError, RegistryUnavailableError } from '../errors.ts';
import type { RegistryDeadlines } from './deadlines.ts';

export interface HttpRequest {
  readonly url: URL;
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly deadlines: RegistryDeadlines;
  readonly signal: AbortSignal;
}

const keepAliveMs = 15_000;
const maxRedirects = 5;
const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

let agents: { readonly http: HttpAgent; readonly https: HttpsAgent } | null = null;

/** Connections are shared by all pulls. Proxies come from the usual environment variables, trust from Node's list and the host's. */
function sharedAgents(): { readonly http: HttpAgent; readonly https: HttpsAgent } {
  agents ??= {
    http: new HttpAgent({ keepAlive: true, keepAliveMsecs: keepAliveMs, proxyEnv: process.env }),
    https: new HttpsAgent({
      keepAlive: true,
      keepAliveMsecs: keepAliveMs,
      proxyEnv: process.env,
      ca: [...getCACertificates('default'), ...getCACertificates('system')],
    }),
  };
  return agents;
}

/**
 * Sends a request and follows redirects. Credentials are not sent to another origin: registries redirect to storage that has no
 * business with them. The response has to be read or destroyed.
 */
export async function sendRequest(request: HttpRequest): Promise<IncomingMessage> {
  let { url, headers = {} } = request;
  for (let redirects = 0; redirects <= maxRedirects; redirects += 1) {
    const response = await sendOnce({ ...request, url, headers });
    const location = response.headers.location;
    if (!redirectStatuses.has(response.statusCode ?? 0) || location === undefined) return response;
    response.destroy();
    const next = new URL(location, url);
    if (next.protocol !== url.protocol && next.protocol !== 'https:') {
      throw new RegistryUnavailableError(url.host, `it redirects to ${next.protocol}//${next.host}, which is not safe`);
    }
    if (next.origin !== url.origin) headers = withoutCredentials(headers);
    url = next;
  }
  throw new RegistryUnavailableError(url.host, 'it redirects in circles');
}

function withoutCredentials(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'authorization'));
}

function sendOnce(request: HttpRequest): Promise<IncomingMessage> {
  const { url, signal } = request;
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const sent = start(request);
    const timer = watchDeadlines(sent, request);
    sent.once('response', (response) => {
      clearTimeout(timer.current);
      resolve(response);
    });
    sent.once('error', (error) => {
      clearTimeout(timer.current);
      reject(describeFailure(error, url.host));
    });
    sent.end(request.body);
  });
}

function start({ url, method = 'GET', headers = {}, signal }: HttpRequest): ClientRequest {
  const { http, https } = sharedAgents();
  const options = { method, signal, headers: { 'user-agent': 'tsstack', ...headers } };
  return url.protocol === 'https:'
    ? httpsRequest(url, { ...options, agent: https })
    : httpRequest(url, { ...options, agent: http });
}

/** First the time to connect, then the time to the answer. */
function watchDeadlines(sent: ClientRequest, { url, deadlines }: HttpRequest): { current: NodeJS.Timeout } {
  const expire = (ms: number, problem: string): NodeJS.Timeout =>
    setTimeout(() => sent.destroy(new RegistryTimeoutError(url.host, `${problem} within ${ms / 1000} s`)), ms);
  const timer = { current: expire(deadlines.connectMs, 'no connection') };
  const awaitAnswer = (): void => {
    clearTimeout(timer.current);
    timer.current = expire(deadlines.idleMs, 'no answer');
  };
  sent.once('socket', (socket) => {
    if (!socket.connecting) awaitAnswer();
    else socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', awaitAnswer);
  });
  return timer;
}

/** What broke off a connection, as an error for people; ours and aborts pass. */
function describeFailure(error: unknown, host: string): unknown {
  if (error instanceof TsstackError || (error instanceof Error && error.name === 'AbortError')) return error;
  if (hasErrno(error, 'ENOTFOUND', 'EAI_AGAIN'))
    return new RegistryUnavailableError(host, 'its name cannot be resolved', error);
  if (hasErrno(error, 'ECONNREFUSED')) return new RegistryUnavailableError(host, 'nothing answers there', error);
  return new RegistryUnavailableError(host, error instanceof Error ? error.message : String(error), error);
}

/** The bytes of a response; an error when nothing comes for too long. Time in which the reader itself is busy does not count. */
export async function* readBody(
  response: IncomingMessage,
  host: string,
  deadlines: RegistryDeadlines,
): AsyncGenerator<Uint8Array> {
  const stop = (): void => {
    response.destroy(new RegistryTimeoutError(host, `nothing received for ${deadlines.idleMs / 1000} s`));
  };
  let timer = setTimeout(stop, deadlines.idleMs);
  try {
    for await (const chunk of response as AsyncIterable<Uint8Array>) {
      clearTimeout(timer);
      yield chunk;
      timer = setTimeout(stop, deadlines.idleMs);
    }
  } catch (error) {
    throw describeFailure(error, host);
  } finally {
    clearTimeout(timer);
    response.destroy();
  }
}

/** A small body as a whole. */
export async function readSmallBody(
  response: IncomingMessage,
  host: string,
  limitBytes: number,
  deadlines: RegistryDeadlines,
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of readBody(response, host, deadlines)) {
    size += chunk.length;
    if (size > limitBytes) throw new RegistryUnavailableError(host, `its answer has more than ${limitBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
