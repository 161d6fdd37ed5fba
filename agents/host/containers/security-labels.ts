import type { ContainerSpec } from '../../../src/model/spec.ts';
import { TaskError } from '../errors.ts';

/** Security modules of a kernel that give processes labels. */
type SecurityModule = 'apparmor' | 'selinux';

export interface SecurityLabels {
  readonly apparmorProfile?: string;
  readonly selinuxLabel?: string;
  /** Of the file systems that are made for the container. */
  readonly mountLabel?: string;
}

/** The profile of containers that name none, where the operator has loaded it; docs/apparmor/tsstack-default is one. */
export const defaultApparmorProfile = 'tsstack-default';

/** What of a host decides on the labels. */
export interface SecurityFacts {
  readonly securityModules: readonly SecurityModule[];
  readonly hasDefaultApparmorProfile: boolean;
}

/** What containers have by the policy that distributions ship for them. */
const usualLabel = { user: 'system_u', role: 'system_r', type: 'container_t', level: 's0' };
const usualFileType = 'container_file_t';

/**
 * Labels that `security_opt` asks for. An AppArmor profile that no module enforces would be a promise broken; SELinux labels mean
 * nothing to a host without SELinux, as elsewhere in this field.
 */
export function securityLabels(
  { apparmor, selinux, privileged }: Pick<ContainerSpec, 'apparmor' | 'selinux' | 'privileged'>,
  { securityModules, hasDefaultApparmorProfile }: SecurityFacts,
): SecurityLabels {
  const fallback = hasDefaultApparmorProfile && !privileged ? defaultApparmorProfile : null;
  return {
    ...apparmorLabel(apparmor ?? fallback, securityModules),
    ...(securityModules.includes('selinux') ? selinuxLabels(selinux) : {}),
  };
}

function apparmorLabel(profile: string | null, modules: readonly SecurityModule[]): SecurityLabels {
  if (profile === null) return {};
  if (modules.includes('apparmor')) return { apparmorProfile: profile };
  if (profile === 'unconfined') return {};
  throw new TaskError('unsupported', `security_opt apparmor=${profile}: this host has no AppArmor`, {
    hint: 'leave it out, or run the service on a host with AppArmor',
  });
}

function selinuxLabels(options: readonly string[]): SecurityLabels {
  if (options.length === 0 || options.includes('disable')) return {};
  const fields = Object.fromEntries(options.map((option) => option.split(/:(.*)/s, 2)));
  const { user, role, type, level } = { ...usualLabel, ...fields };
  return {
    selinuxLabel: [user, role, type, level].join(':'),
    mountLabel: [user, 'object_r', usualFileType, level].join(':'),
  };
}
