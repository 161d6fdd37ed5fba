import type { EndpointTask } from '../../../src/model/endpoints.ts';
import { isMeshPort } from '../../../src/model/mesh-ports.ts';
import type { PublishedPort } from '../../../src/model/objects.ts';
import type { PortSpec } from '../../../src/model/spec.ts';
import { describeError } from '../errors.ts';
import { destinationsOf } from './destinations.ts';
import type { Publication } from './network-state.ts';
import type { NftPublication } from './nft-plan.ts';
import { isOfService, PortReservations, wishesOf } from './port-reservations.ts';
import { explainReservation, isHeirOf, planPorts, publishedPorts } from './port-wishes.ts';
import type { PortInterfaces, PortPlan } from './port-wishes.ts';
import type { NetRequester } from './rule-writer.ts';

export interface PublishedPortsOptions {
  readonly request: NetRequester;
  readonly nodeId: string;
  /** Writes the rules that follow from `destinations`. */
  readonly writeRules: () => Promise<void>;
  readonly log: (message: string) => void;
}

/** Whose ports they are: a container with its name, and its service if the service's ports are its own. */
export interface PortOwner {
  readonly id: string;
  readonly name: string;
  readonly service: string | null;
}

/** What this host publishes: ports of its containers, and those of services whose containers may be anywhere. */
export class PublishedPorts {
  readonly #options: PublishedPortsOptions;
  readonly #reservations: PortReservations;
  readonly #publications: Map<string, Publication>;
  /** Containers behind ports of the mesh, by network. */
  readonly #servers = new Map<string, readonly EndpointTask[]>();
  /** Addresses of containers that have no ports any more and may not have ended yet. */
  readonly #leaving = new Map<string, readonly string[]>();
  /** Services whose ports somebody else has on this host, by network. */
  readonly #refused = new Map<string, ReadonlySet<string>>();
  #destinations: readonly NftPublication[];
  /** Changes of servers come one after the other. */
  #turn: Promise<void> = Promise.resolve();

  /** `known` is what the daemon before has published. */
  constructor(options: PublishedPortsOptions, known: readonly Publication[]) {
    this.#options = options;
    this.#reservations = new PortReservations(options.request);
    this.#publications = new Map(known.map((publication) => [publication.id, publication]));
    for (const { id, service, shared } of known) if (service !== null) this.#reservations.adopt(service, id, shared);
    this.#destinations = this.#plan();
  }

  get publications(): readonly Publication[] {
    return [...this.#publications.values()];
  }

  /** Where each port leads. */
  get destinations(): readonly NftPublication[] {
    return this.#destinations;
  }

  /** See TaskNetworks. What a service publishes is shared while one container takes over from another. */
  async publish(
    owner: PortOwner,
    interfaces: PortInterfaces,
    ports: readonly PortSpec[],
    from: string | null,
  ): Promise<readonly PublishedPort[]> {
    const { id, name, service } = owner;
    const isShared = (port: PortSpec): boolean => service !== null && isMeshPort(port);
    const shared = planPorts(name, ports.filter(isShared), interfaces);
    const inherited = inherit(
      ports.filter((port) => !isShared(port)),
      from === null ? [] : this.publishedBy(from),
    );
    const own = planPorts(name, inherited, interfaces);
    const wishes = shared.wishes.map(({ wish }) => wish);
    const numbers = await this.#reserve(owner, wishes, own, from);
    const taken = own.wishes.flatMap(({ target, wish }, index) => publishedPorts(target, wish, numbers[index] ?? 0));
    const published = [
      ...shared.wishes.flatMap(({ target, wish }) => publishedPorts(target, wish, wish.port)),
      ...taken,
    ];
    const open = [...shared.open, ...own.open];
    const { addresses } = own;
    this.#leaving.delete(id);
    this.#publications.set(id, { id, owner: name, service, addresses, ports: published, open, shared: wishes });
    if (from !== null) this.#handOver(from, taken);
    await this.#update(published);
    return published;
  }

  publishedBy(id: string): readonly PublishedPort[] {
    return this.#publications.get(id)?.ports ?? [];
  }

  async unpublish(id: string): Promise<void> {
    const publication = this.#publications.get(id);
    if (publication === undefined) {
      const addresses = this.#leaving.get(id);
      if (this.#leaving.delete(id)) await this.#update([], addresses);
    } else {
      this.#publications.delete(id);
      this.#leaving.set(id, publication.addresses);
      await this.#update(publication.ports);
      if (publication.service !== null) await this.#reservations.share(publication.service, id, []);
    }
    // Also without: a daemon that died over the publication may have reserved ports for it.
    await this.#reservations.release(id);
  }

  /** Who is behind the ports of the mesh on a network: none = no port leads there. Ports that this host cannot have are left out. */
  setServers(networkId: string, tasks: readonly EndpointTask[]): Promise<void> {
    const set = this.#turn.then(() => this.#setServers(networkId, tasks));
    this.#turn = set.catch(() => undefined);
    return set;
  }

  async #setServers(networkId: string, tasks: readonly EndpointTask[]): Promise<void> {
    const servers = tasks.filter(({ ports }) => ports.length > 0);
    const before = this.#servers.get(networkId) ?? [];
    if (servers.length === 0 && before.length === 0) return;
    const wanted = Map.groupBy(servers, ({ serviceId }) => serviceId);
    const refused = new Set<string>();
    for (const service of new Set([...before, ...servers].map(({ serviceId }) => serviceId))) {
      const tasksOfService = wanted.get(service) ?? [];
      if (!(await this.#open(networkId, service, tasksOfService))) refused.add(service);
    }
    this.#servers.set(networkId, servers);
    this.#refused.set(networkId, refused);
    if (servers.length === 0) this.#servers.delete(networkId);
    const stayed = new Set(servers.map(({ taskId }) => taskId));
    const gone = before.filter(({ taskId }) => !stayed.has(taskId));
    await this.#update(
      gone.flatMap(({ ports }) => ports),
      gone.flatMap(({ addresses }) => addresses),
    );
  }

  /** Of what has ports reserved on this host, services that nobody needs them for. */
  async releaseUnused(owners: readonly string[]): Promise<void> {
    const unused = owners.filter((id) => isOfService(id) && !this.#reservations.isShared(id));
    await Promise.all(unused.map((id) => this.#reservations.release(id)));
  }

  async #reserve(
    { id, service }: PortOwner,
    shared: PortPlan['wishes'][0]['wish'][],
    own: PortPlan,
    from: string | null,
  ): Promise<readonly number[]> {
    try {
      if (service !== null) await this.#reservations.share(service, id, shared);
      if (own.wishes.length === 0) return [];
      const reserved = await this.#reservations.reserve(
        id,
        own.wishes.map(({ wish }) => wish),
        from,
      );
      return reserved.map(({ port }) => port);
    } catch (error) {
      throw explainReservation(error, this.#publications.values());
    }
  }

  /** What another container has now is no longer this one's. */
  #handOver(id: string, taken: readonly PublishedPort[]): void {
    const former = this.#publications.get(id);
    if (former === undefined) return;
    const keys = new Set(taken.map(keyOf));
    this.#publications.set(id, { ...former, ports: former.ports.filter((port) => !keys.has(keyOf(port))) });
  }

  /** False when somebody else has one of the ports on this host. */
  async #open(networkId: string, service: string, tasks: readonly EndpointTask[]): Promise<boolean> {
    const wishes = wishesOf(tasks.flatMap(({ ports }) => ports));
    try {
      await this.#reservations.share(service, `mesh ${networkId}`, wishes);
      return true;
    } catch (error) {
      const { message } = describeError(explainReservation(error, this.#publications.values()));
      const name = tasks[0]?.service ?? service;
      this.#options.log(`service ${name} does not answer at this host: ${message}`);
      return false;
    }
  }

  #plan(): readonly NftPublication[] {
    const servers = Array.from(this.#servers, ([networkId, tasks]) =>
      tasks.filter(({ serviceId }) => this.#refused.get(networkId)?.has(serviceId) !== true),
    );
    return destinationsOf(this.publications, servers.flat(), this.#options.nodeId);
  }

  /**
   * UDP clients that never pause would keep on talking to where their first packet went. `gone`: addresses of containers that have ended. As long as
   * one lives its late answers may go out without a flow that they belong to, and would lead the client's next packets back to it.
   */
  async #update(changed: readonly PublishedPort[], gone: readonly string[] = []): Promise<void> {
    const before = this.#destinations;
    this.#destinations = this.#plan();
    await this.#options.writeRules();
    const isUdp = ({ protocol }: Pick<PublishedPort, 'protocol'>): boolean => protocol === 'udp';
    const formerly = before.filter(isUdp);
    const now = this.#destinations.filter(isUdp);
    const hasMoved = changed.some(isUdp) || formerly.some((place) => hasLost(place, now));
    if (!hasMoved && (gone.length === 0 || now.length === 0)) return;
    const numbers = [...[...formerly, ...now].map(({ port }) => port), ...changed.filter(isUdp).map(portOf)];
    const placesOf = (number: number): readonly string[] =>
      now
        .filter(({ port }) => port === number)
        .flatMap(({ destinations }) => destinations.map(({ address }) => address));
    const ports = Object.fromEntries(numbers.map((number) => [number, placesOf(number)]));
    await this.#options.request({ op: 'conntrack.forget', ports, gone });
  }
}

function portOf({ published }: PublishedPort): number {
  return published;
}

/** Whether the port leads no more to one of the destinations that it had. */
function hasLost(before: NftPublication, now: readonly NftPublication[]): boolean {
  const same = now.find(
    ({ protocol, hostIp, port }) => protocol === before.protocol && hostIp === before.hostIp && port === before.port,
  );
  const left = new Set(same?.destinations.map(({ address, target }) => `${address} ${target}`));
  return before.destinations.some(({ address, target }) => !left.has(`${address} ${target}`));
}

/** The ports with the numbers that the container before had, where they may have the same. */
function inherit(ports: readonly PortSpec[], former: readonly PublishedPort[]): readonly PortSpec[] {
  const left = [...former];
  return ports.map((port) => {
    const found = left.find((published) => isHeirOf(port, published));
    if (found === undefined) return port;
    left.splice(
      0,
      left.length,
      ...left.filter(({ published, protocol }) => published !== found.published || protocol !== found.protocol),
    );
    return { ...port, published: { from: found.published, to: found.published } };
  });
}

/** What no two containers can publish at once. */
function keyOf({ protocol, hostIp, published }: PublishedPort): string {
  return `${protocol} ${hostIp} ${published}`;
}
