import type { NetworkObject, TaskObject } from '../../../src/model/objects.ts';

/** The records of one network's names. */
export interface NetworkNames {
  readonly names: Readonly<Record<string, readonly string[]>>;
  /** Address to container name. */
  readonly reverse: Readonly<Record<string, string>>;
}

/** A task whose names shall resolve. */
export type NamedTask = Pick<TaskObject, 'service' | 'containerName' | 'attachments' | 'oneOff'>;

/**
 * Names on one network: of each task its service, its aliases and its container, alone and with the network's name appended.
 * One-off containers answer to the names of their service only when asked to.
 */
export function computeNetworkNames(
  network: Pick<NetworkObject, 'id' | 'name'>,
  tasks: Iterable<NamedTask>,
): NetworkNames {
  const addresses = new Map<string, ReadonlySet<string>>();
  const reverse: Record<string, string> = {};
  for (const task of tasks) {
    for (const attachment of task.attachments) {
      if (attachment.networkId !== network.id) continue;
      const own = attachment.addresses.map(withoutPrefix);
      for (const address of own) reverse[address] = task.containerName;
      for (const name of namesOf(task, attachment.aliases)) {
        for (const full of [name, `${name}.${network.name}`]) {
          addresses.set(full, (addresses.get(full) ?? new Set()).union(new Set(own)));
        }
      }
    }
  }
  return { names: Object.fromEntries(Array.from(addresses, ([name, found]) => [name, [...found]])), reverse };
}

function namesOf(task: NamedTask, aliases: readonly string[]): readonly string[] {
  const hasServiceNames = task.oneOff === null || task.oneOff.useAliases;
  return [task.containerName, ...(hasServiceNames ? [task.service, ...aliases] : [])].map((name) => name.toLowerCase());
}

/** `172.30.0.5/24` without the length. */
export function withoutPrefix(address: string): string {
  return address.split('/', 1)[0] ?? address;
}
