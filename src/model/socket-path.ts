import { TsstackError } from './errors.ts';

/**
 * The path of `unix:///path`, `unix:/path` (as gRPC writes addresses of unix sockets) or `/path`; throws for anything else. Daemons are reached in no
 * other way: what the socket's file permits is all that keeps people from being root. Between hosts there is TLS.
 */
export function socketPath(address: string): string {
  const path = address.replace(/^unix:(\/\/)?/, '');
  if (path.startsWith('/')) return path;
  throw new TsstackError('invalid', `"${address}" is no socket of a daemon`, {
    hint: 'write unix:///PATH; the daemon of another machine is asked there: `ssh HOST tsstack …`',
  });
}
