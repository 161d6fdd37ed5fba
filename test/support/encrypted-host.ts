import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { NetClient } from '../../agents/host/native/net-client.ts';
import type { IpsecAssociation } from '../../agents/host/native/net-protocol.ts';
import { encryptedPort, wireguardPort } from '../../agents/host/networks/encryption/plan-encryption.ts';
import type { EndpointTask } from '../../src/model/endpoints.ts';
import type { NetworkObject } from '../../src/model/objects.ts';
import type { OverlayHost } from './overlay-lab.ts';

const owner = '00c0ffee';

/** A host of an OverlayLab whose encryption a test asks tsstack-net for by itself, as the agent would. */
export class EncryptedHost {
  readonly #host: OverlayHost;
  readonly #number: number;
  #keys = generateKeyPairSync('x25519');
  /** Of the addresses that hosts reach each other at. */
  family: 4 | 6 = 4;

  constructor(host: OverlayHost, number: number) {
    this.#host = host;
    this.#number = number;
  }

  get address(): string {
    return this.family === 4 ? `10.90.0.${this.#number}` : `fd00:90::${this.#number}`;
  }

  /** Of its WireGuard device. */
  get link(): string {
    return `tswg-${owner}`;
  }

  /** Numbers of its tables of routes to others: those that it sends by, and those that they may come by. */
  get tables(): readonly [out: string, back: string] {
    return [String(0x74c0ffee), String(0x75c0ffee)];
  }

  /** Resolves when what goes to that many others goes by WireGuard. */
  async untilLed(others: number): Promise<void> {
    const family = `-${this.family}`;
    await this.#host.lab.until(async () => {
      const routes = await this.run(
        'bash',
        '-c',
        `ip ${family} route show table ${this.tables[0]} 2>/dev/null || true`,
      );
      return routes.split('\n').filter((line) => line.includes(this.link)).length === others;
    });
  }

  run(...command: readonly string[]): Promise<string> {
    return this.#host.lab.run('host', ...command);
  }

  ping(sandbox: string, address: string, ...args: readonly string[]): Promise<string> {
    return this.#host.lab.run({ sandbox }, 'ping', '-c', '1', '-W', '1', ...args, address);
  }

  /** As if the host had been started anew. */
  replaceKeys(): void {
    this.#keys = generateKeyPairSync('x25519');
  }

  /** Encrypts what goes to others: by WireGuard to `peers`, by ESP to `others`. */
  async encrypt(peers: readonly EncryptedHost[], others: readonly EncryptedHost[] = []): Promise<void> {
    await this.encryptByEsp(others);
    await this.#request({
      op: 'wireguard.set',
      owner,
      local: this.address,
      port: encryptedPort,
      listen: wireguardPort,
      privateKey: hexOf(this.#keys.privateKey.export({ format: 'jwk' }).d),
      peers: peers.map((peer) => ({
        address: peer.address,
        publicKey: hexOf(createPublicKey(peer.#keys.privateKey).export({ format: 'jwk' }).x),
        port: wireguardPort,
      })),
    });
  }

  async encryptByEsp(others: readonly EncryptedHost[]): Promise<void> {
    const associations = others.flatMap((other) => [this.#association(this, other), this.#association(other, this)]);
    await this.#request({ op: 'ipsec.set', owner, local: this.address, port: encryptedPort, associations });
  }

  async stopWireguard(): Promise<void> {
    const nothing = { owner, local: null, port: encryptedPort, listen: wireguardPort, privateKey: null, peers: [] };
    await this.#request({ op: 'wireguard.set', ...nothing });
  }

  async stopEncrypting(): Promise<void> {
    await this.#request({ op: 'ipsec.set', owner, local: null, port: encryptedPort, associations: [] });
  }

  probe(): Promise<{ readonly available: boolean }> {
    return this.#request({ op: 'wireguard.probe' });
  }

  /** The tunnel of a network to containers on other hosts. */
  async connect(
    network: NetworkObject,
    mtu: number,
    tasks: readonly (readonly [EndpointTask, EncryptedHost])[],
  ): Promise<void> {
    const others = tasks.filter(([, host]) => host !== this);
    await this.#request({
      op: 'overlay.set',
      network: network.id,
      owner,
      bridge: network.bridge,
      vni: network.vni ?? 0,
      port: encryptedPort,
      local: this.address,
      mtu,
      encrypted: true,
      isolated: false,
      own: [],
      peers: Object.fromEntries(
        others.map(([{ mac, addresses }, host]) => [mac, { host: host.address, addresses: [...addresses] }]),
      ),
      nodes: {},
      services: {},
      rules: null,
    });
  }

  async disconnect(network: NetworkObject): Promise<void> {
    await this.#request({ op: 'overlay.remove', network: network.id });
  }

  async #request<Request extends Parameters<NetClient['request']>[0]>(
    request: Request,
  ): Promise<Awaited<ReturnType<typeof NetClient.prototype.request<Request>>>> {
    const client = await NetClient.connect(this.#host.lab.socketPath);
    try {
      return await client.request(request);
    } finally {
      client.close();
    }
  }

  #association(from: EncryptedHost, to: EncryptedHost): IpsecAssociation {
    const digits = `${from.#number}${to.#number}`;
    return { source: from.address, destination: to.address, spi: 1000 + Number(digits), key: digits.repeat(20) };
  }
}

/** A key of JSON Web Key as hexadecimal digits. */
function hexOf(key: string | undefined): string {
  return Buffer.from(key ?? '', 'base64url').toString('hex');
}
