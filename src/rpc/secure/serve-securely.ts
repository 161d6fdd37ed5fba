import { once } from 'node:events';
import { createServer as createTcpServer, type AddressInfo, type Server as TcpServer, type Socket } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import { Server, ServerCredentials, type ChannelOptions } from '@grpc/grpc-js';
import { formatHostPort, type HostPort } from '../../model/host-port.ts';
import { TsstackError } from '../../model/errors.ts';
import { channelOptions, networkOptions, strangerChannelOptions } from '../channel-options.ts';
import { addServices, type RunningServer, type Service } from '../server.ts';
import { checkAccess } from '../server/access.ts';
import type { Gate } from '../server/bind-service.ts';
import type { NodeIdentity } from './node-identity.ts';
import type { Peer } from '../service-types.ts';
import { Peers } from './peers.ts';
import { StrangerLimits, type StrangerBounds } from './stranger-limits.ts';
import { secureOptions, type TlsIdentity } from './tls-material.ts';

/** Time for a handshake. */
const handshakeMs = 5000;

export interface SecureServer extends RunningServer {
  /** New connections see the renewed certificate and are measured by the authorities that came with it. */
  setIdentity(identity: TlsIdentity): void;
}

export interface SecureServerOptions {
  readonly listen: HostPort;
  readonly identity: TlsIdentity;
  /** The role of a node by now, null when it is not known; throws when its certificate counts no more. */
  readonly roleOf: (nodeId: string) => NodeIdentity['role'] | null;
  /** Told of connections that could not be taken, as when there are no descriptors left. */
  readonly onError: (error: unknown) => void;
  /** For those without a good certificate. */
  readonly strangers?: StrangerBounds;
}

/**
 * Serves with TLS 1.3. A certificate is asked for and not demanded, so that hosts can join, and so that one whose certificate is no good hears why:
 * what a caller may do is decided for each call. Strangers have a server of their own, with little room.
 */
export async function serveSecurely(options: SecureServerOptions, services: readonly Service[]): Promise<SecureServer> {
  const { identity, listen } = options;
  const peers = new Peers(identity.clusterId);
  const limits = new StrangerLimits(options.strangers);
  const gate: Gate = (path, call) => {
    const endpoint = call.getPeer();
    const peer = peers.get(endpoint);
    if (peer.kind === 'stranger') limits.checkCall(endpoint);
    const current = peer.kind === 'node' ? asOfNow(peer, options.roleOf(peer.nodeId)) : peer;
    checkAccess(path, current);
    return current;
  };
  const forNodes = openServer({ ...channelOptions, ...networkOptions }, services, gate);
  const forStrangers = openServer({ ...strangerChannelOptions, ...networkOptions }, services, gate);
  const sockets = new Set<Socket>();
  const tls = createServer({
    ...secureOptions(identity),
    requestCert: true,
    rejectUnauthorized: false,
    ALPNProtocols: ['h2'],
    handshakeTimeout: handshakeMs,
  });
  tls.on('secureConnection', (socket) => {
    // A connection that breaks is the end of its calls, which are told by other means.
    socket.on('error', () => undefined);
    const peer = peers.add(socket);
    if (peer.kind === 'node') limits.trust(socket);
    (peer.kind === 'node' ? forNodes : forStrangers).inject(socket);
  });
  // A handshake that fails is nobody's business here, and its connection is closed.
  tls.on('tlsClientError', () => undefined);
  const tcp = createTcpServer((socket) => {
    socket.on('error', () => undefined);
    if (!limits.admit(socket)) return void socket.destroy();
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    tls.emit('connection', socket);
  });
  const port = await listenAt(tcp, listen);
  tcp.on('error', options.onError);
  let stopping: Promise<void> | undefined;
  return {
    address: formatHostPort({ host: listen.host, port }),
    setIdentity: (renewed) => tls.setSecureContext(secureOptions(renewed)),
    stop: (graceMs = 1000) => (stopping ??= stop([forNodes.server, forStrangers.server], tcp, sockets, graceMs)),
  };
}

/** A manager that has become a worker is one, though its old certificate says otherwise until it expires. */
function asOfNow(peer: Extract<Peer, { kind: 'node' }>, role: NodeIdentity['role'] | null): Peer {
  return role === 'worker' ? { ...peer, role } : peer;
}

interface InjectedServer {
  readonly server: Server;
  readonly inject: (socket: TLSSocket) => void;
}

/** The TLS is ours, as grpc-js would refuse who has no certificate; it is given the connections when they are secure. */
function openServer(options: ChannelOptions, services: readonly Service[], gate: Gate): InjectedServer {
  const server = new Server(options);
  addServices(server, services, gate);
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  return { server, inject: (socket) => injector.injectConnection(socket) };
}

async function listenAt(tcp: TcpServer, { host, port }: HostPort): Promise<number> {
  try {
    tcp.listen({ host, port });
    await once(tcp, 'listening');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TsstackError('unavailable', `listen at ${formatHostPort({ host, port })}: ${reason}`, {
      cause,
      hint: 'choose another address or port with --listen',
    });
  }
  return (tcp.address() as AddressInfo).port;
}

async function stop(
  servers: readonly Server[],
  tcp: TcpServer,
  sockets: ReadonlySet<Socket>,
  graceMs: number,
): Promise<void> {
  const closed = new Promise<void>((resolve) => tcp.close(() => resolve()));
  const force = setTimeout(() => servers.forEach((server) => server.forceShutdown()), graceMs);
  await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.tryShutdown(() => resolve()))));
  clearTimeout(force);
  for (const socket of sockets) socket.destroy();
  await closed;
}
