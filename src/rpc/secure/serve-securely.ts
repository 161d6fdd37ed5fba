import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type Server as TlsServer, type TLSSocket } from 'node:tls';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { formatHostPort, type HostPort } from '../../model/host-port.ts';
import { TsstackError } from '../../model/errors.ts';
import { channelOptions } from '../channel-options.ts';
import { addServices, type RunningServer, type Service } from '../server.ts';
import { checkAccess } from '../server/access.ts';
import { Peers } from './peers.ts';
import { secureOptions, type TlsIdentity } from './tls-material.ts';

/** Time for a handshake. */
const handshakeMs = 10_000;

export interface SecureServer extends RunningServer {
  /** New connections see the renewed certificate and are measured by the authorities that came with it. */
  setIdentity(identity: TlsIdentity): void;
}

export interface SecureServerOptions {
  readonly listen: HostPort;
  readonly identity: TlsIdentity;
  /** Throws when a node's certificate counts no more. */
  readonly checkNode: (nodeId: string) => void;
  /** Told of connections that could not be taken, as when there are no descriptors left. */
  readonly onError: (error: unknown) => void;
}

/**
 * Serves with TLS 1.3. A certificate is asked for and not demanded, so that hosts can join, and so that one whose certificate is no good hears why:
 * what a caller may do is decided for each call.
 */
export async function serveSecurely(options: SecureServerOptions, services: readonly Service[]): Promise<SecureServer> {
  const { identity, listen } = options;
  const server = new Server(channelOptions);
  const peers = new Peers(identity.clusterId);
  addServices(server, services, (path, call) => {
    const peer = peers.get(call.getPeer());
    checkAccess(path, peer);
    if (peer.kind === 'node') options.checkNode(peer.nodeId);
    return peer;
  });
  // The TLS is ours, as grpc-js would refuse who has no certificate; it is given the connections when they are secure.
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const sockets = new Set<TLSSocket>();
  const tls = createServer({
    ...secureOptions(identity),
    requestCert: true,
    rejectUnauthorized: false,
    ALPNProtocols: ['h2'],
    handshakeTimeout: handshakeMs,
  });
  tls.on('secureConnection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    // A connection that breaks is the end of its calls, which are told by other means.
    socket.on('error', () => undefined);
    peers.add(socket);
    injector.injectConnection(socket);
  });
  const port = await listenAt(tls, listen);
  tls.on('error', options.onError);
  let stopping: Promise<void> | undefined;
  return {
    address: formatHostPort({ host: listen.host, port }),
    setIdentity: (renewed) => tls.setSecureContext(secureOptions(renewed)),
    stop: (graceMs = 1000) => (stopping ??= stop(server, tls, sockets, graceMs)),
  };
}

async function listenAt(tls: TlsServer, { host, port }: HostPort): Promise<number> {
  try {
    tls.listen({ host, port });
    await once(tls, 'listening');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TsstackError('unavailable', `listen at ${formatHostPort({ host, port })}: ${reason}`, {
      cause,
      hint: 'choose another address or port with --listen',
    });
  }
  return (tls.address() as AddressInfo).port;
}

async function stop(server: Server, tls: TlsServer, sockets: ReadonlySet<TLSSocket>, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => tls.close(() => resolve()));
  const force = setTimeout(() => server.forceShutdown(), graceMs);
  await new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
  clearTimeout(force);
  for (const socket of sockets) socket.destroy();
  await closed;
}
