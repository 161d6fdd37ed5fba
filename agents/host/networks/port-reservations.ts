import type { PublishedPort } from '../../../src/model/objects.ts';
import type { NetPortWish } from '../native/net-protocol.ts';
import type { NetRequester } from './rule-writer.ts';

/** A reserved port, in the order of the wishes. */
type Reserved = { readonly port: number };

/** Names what a service has reserved, apart from what its containers have. */
const prefix = 'service-';

/** Whether ports of that name belong to a service. */
export function isOfService(id: string): boolean {
  return id.startsWith(prefix);
}

/**
 * Ports of the host that are kept for containers and services. A port of a service is reserved once for all that need it: its containers here,
 * and this host as a door to those elsewhere.
 */
export class PortReservations {
  readonly #request: NetRequester;
  /** By service, and by who needs them. */
  readonly #shared = new Map<string, Map<string, readonly NetPortWish[]>>();

  constructor(request: NetRequester) {
    this.#request = request;
  }

  /** What a former daemon has reserved, and tsstack-net still holds. */
  adopt(service: string, user: string, wishes: readonly NetPortWish[]): void {
    this.#usersOf(service).set(user, wishes);
  }

  /** Exactly these ports of a container; those of one number that the container `from` has change hands. */
  async reserve(id: string, wishes: readonly NetPortWish[], from: string | null = null): Promise<readonly Reserved[]> {
    const heir = from === null ? {} : { from };
    return (await this.#request({ op: 'ports.reserve', id, ports: wishes, ...heir })).ports;
  }

  async release(id: string): Promise<void> {
    await this.#request({ op: 'ports.release', id });
  }

  /** Exactly these ports of a service for that user; none ends the use. Nothing is changed when one of them cannot be had. */
  async share(service: string, user: string, wishes: readonly NetPortWish[]): Promise<void> {
    const users = this.#usersOf(service);
    const before = users.get(user);
    if (wishes.length === 0) users.delete(user);
    else users.set(user, wishes);
    const all = new Map([...users.values()].flat().map((wish) => [JSON.stringify(wish), wish]));
    const id = `${prefix}${service}`;
    if (all.size === 0) {
      this.#shared.delete(service);
      if (before !== undefined) await this.release(id);
      return;
    }
    try {
      await this.reserve(id, [...all.values()]);
    } catch (error) {
      if (before === undefined) users.delete(user);
      else users.set(user, before);
      throw error;
    }
  }

  /** Whether anybody needs the ports reserved under that name of a service. */
  isShared(id: string): boolean {
    return (this.#shared.get(id.slice(prefix.length))?.size ?? 0) > 0;
  }

  #usersOf(service: string): Map<string, readonly NetPortWish[]> {
    const users = this.#shared.get(service) ?? new Map<string, readonly NetPortWish[]>();
    this.#shared.set(service, users);
    return users;
  }
}

/** What has to be reserved for ports that lead to containers elsewhere; both families at once where they are at one number. */
export function wishesOf(ports: readonly PublishedPort[]): readonly NetPortWish[] {
  const unique = new Map(ports.map((port) => [`${port.protocol} ${port.published} ${port.hostIp}`, port]));
  return Array.from(unique.values()).flatMap(({ protocol, published, hostIp }) => {
    const isBoth = ['0.0.0.0', '::'].every((every) => unique.has(`${protocol} ${published} ${every}`));
    if (isBoth && hostIp === '::') return [];
    const address = isBoth && hostIp === '0.0.0.0' ? '*' : hostIp;
    return [{ protocol, hostIp: address, port: published, last: published }];
  });
}
