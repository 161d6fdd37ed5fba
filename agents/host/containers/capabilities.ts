import { capabilityName, isCapability, linuxCapabilities } from '../../../src/model/capability-names.ts';
import { TaskError } from '../errors.ts';
import type { OciCapabilities } from './oci-spec.ts';

/** What a container holds when the file says nothing (semantics.md, section 7: the 14 that this field agreed on). */
export const defaultCapabilities: readonly string[] =
  'CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE'
    .split(' ')
    .map((name) => `CAP_${name}`);

export interface CapabilityRequest {
  readonly capAdd: readonly string[];
  readonly capDrop: readonly string[];
  readonly privileged: boolean;
}

/**
 * The container's capabilities: the default ones, plus cap_add, minus cap_drop; `ALL` in either stands for every one that
 * the host has. A name in both is dropped unless the other list said `ALL`.
 */
export function resolveCapabilities(request: CapabilityRequest, available: readonly string[]): readonly string[] {
  if (request.privileged) return available;
  const add = request.capAdd.map((name) => requireCapability(name, 'cap_add'));
  const drop = request.capDrop.map((name) => requireCapability(name, 'cap_drop'));
  const held = new Set(add.includes('ALL') ? available : drop.includes('ALL') ? [] : defaultCapabilities);
  for (const name of add) if (name !== 'ALL') held.add(requireAvailable(name, available));
  for (const name of drop) {
    // `cap_drop: [ALL], cap_add: [X]` keeps X.
    if (name !== 'ALL') held.delete(name);
  }
  return linuxCapabilities.filter((name) => held.has(name) && available.includes(name));
}

/** Sets for a process: someone who is not root keeps only the bounding set, as execve would leave it. */
export function capabilitySets(held: readonly string[], uid: number): OciCapabilities {
  const active = uid === 0 ? held : [];
  return { bounding: held, effective: active, permitted: active, inheritable: [], ambient: [] };
}

function requireCapability(given: string, attribute: string): string {
  if (!isCapability(given)) throw new TaskError('invalid', `${attribute}: unknown capability ${given}`);
  return capabilityName(given);
}

function requireAvailable(name: string, available: readonly string[]): string {
  if (available.includes(name)) return name;
  throw new TaskError('unsupported', `cap_add: this host does not have ${name}`);
}
