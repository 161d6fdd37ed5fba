import type { TLSSocket } from 'node:tls';
import type { Peer } from '../service-types.ts';
import { identityOf } from './node-identity.ts';

/** What is wrong with a certificate, by the codes of OpenSSL that matter here. */
const reasons: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'the certificate has expired',
  CERT_NOT_YET_VALID: 'the certificate is not valid yet',
};

/** Who is at the other end of each connection, by its remote address and port: that is what a call of grpc-js knows of its connection. */
export class Peers {
  readonly #byEndpoint = new Map<string, Peer>();
  readonly #clusterId: string;

  constructor(clusterId: string) {
    this.#clusterId = clusterId;
  }

  /** Takes in a connection whose handshake is over, and says whose it is. */
  add(socket: TLSSocket): Peer {
    const endpoint = `${socket.remoteAddress}:${socket.remotePort}`;
    const peer = this.#peerOf(socket);
    this.#byEndpoint.set(endpoint, peer);
    socket.once('close', () => this.#byEndpoint.delete(endpoint));
    return peer;
  }

  /** The peer of a call; a connection that is gone has shown nothing. */
  get(endpoint: string): Peer {
    return this.#byEndpoint.get(endpoint) ?? { kind: 'stranger', reason: null };
  }

  #peerOf(socket: TLSSocket): Peer {
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined) return { kind: 'stranger', reason: null };
    const identity = identityOf(certificate);
    if (identity !== null && identity.clusterId !== this.#clusterId)
      return { kind: 'stranger', reason: 'the certificate is of another cluster' };
    if (socket.authorized && identity !== null) return { kind: 'node', ...identity };
    const reason =
      reasons[String(socket.authorizationError)] ?? 'the certificate is of an authority that does not count here';
    return { kind: 'stranger', reason };
  }
}
