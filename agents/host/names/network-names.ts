import { endpointNames } from '../../../src/model/endpoints.ts';
import type { EndpointService, EndpointTask } from '../../../src/model/endpoints.ts';
import type { NetworkObject, TaskObject } from '../../../src/model/objects.ts';

/** The records of one network's names. */
export interface NetworkNames {
  readonly names: Readonly<Record<string, readonly string[]>>;
  /** Address to container name. */
  readonly reverse: Readonly<Record<string, string>>;
}

/** A container whose names shall resolve. */
export type NamedTask = Pick<
  EndpointTask,
  'serviceId' | 'service' | 'containerName' | 'addresses' | 'names' | 'serviceNames' | 'isServing'
>;

/** A task of this host on a network, or none if it is not on it. */
export function namedTask(task: TaskObject, networkId: string, isServing: boolean): readonly NamedTask[] {
  const attachment = task.attachments.find((one) => one.networkId === networkId);
  if (attachment === undefined) return [];
  const { serviceId, service, containerName } = task;
  const addresses = attachment.addresses.map(withoutPrefix);
  return [{ serviceId, service, containerName, addresses, ...endpointNames(task, attachment), isServing }];
}

/** What a name means. */
interface Meaning {
  /** Of services that have an address of their own. */
  readonly virtual: Set<string>;
  readonly serving: Set<string>;
  readonly running: Set<string>;
}

/**
 * Names on one network, alone and with the network's name appended: of each container its own; of each service its own and its aliases, which
 * mean the service's address where it has one, else the containers that serve, else, as long as none does, all that run: those that become
 * healthy only when they have found each other could not otherwise; and `tasks.` with the name of the service, which always means them all.
 */
export function computeNetworkNames(
  network: Pick<NetworkObject, 'name'>,
  tasks: Iterable<NamedTask>,
  services: readonly EndpointService[] = [],
): NetworkNames {
  const virtual = new Map(services.map(({ serviceId, virtualAddresses }) => [serviceId, virtualAddresses]));
  const meanings = new Map<string, Meaning>();
  const reverse: Record<string, string> = {};
  for (const { service, virtualAddresses } of services) {
    add(meanings, service.toLowerCase(), 'virtual', virtualAddresses);
    for (const address of virtualAddresses) reverse[address] = service;
  }
  for (const task of tasks) {
    const { addresses, serviceNames, isServing } = task;
    for (const address of addresses) reverse[address] = task.containerName;
    for (const name of task.names) add(meanings, name, 'running', addresses);
    if (serviceNames.length > 0) add(meanings, `tasks.${task.service.toLowerCase()}`, 'running', addresses);
    for (const name of serviceNames) {
      add(meanings, name, 'virtual', virtual.get(task.serviceId) ?? []);
      add(meanings, name, 'running', addresses);
      if (isServing) add(meanings, name, 'serving', addresses);
    }
  }
  const suffix = network.name.toLowerCase();
  const records = Array.from(meanings, ([name, meaning]) => [name, resolve(meaning)] as const);
  const full = records.flatMap(([name, addresses]) => [
    [name, addresses] as const,
    [`${name}.${suffix}`, addresses] as const,
  ]);
  return { names: Object.fromEntries(full), reverse };
}

function add(meanings: Map<string, Meaning>, name: string, kind: keyof Meaning, addresses: readonly string[]): void {
  const meaning = meanings.get(name) ?? { virtual: new Set(), serving: new Set(), running: new Set() };
  meanings.set(name, meaning);
  for (const address of addresses) meaning[kind].add(address);
}

function resolve({ virtual, serving, running }: Meaning): readonly string[] {
  return [...(virtual.size > 0 ? virtual : serving.size > 0 ? serving : running)];
}

/** `172.30.0.5/24` without the length. */
export function withoutPrefix(address: string): string {
  return address.split('/', 1)[0] ?? address;
}
