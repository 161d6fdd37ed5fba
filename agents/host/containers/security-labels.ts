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
const usualLayerType = 'container_ro_file_t';

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

/** Labels of files: of one container, of all, and of the layers that roots are made of, which all may read. */
export interface FileLabels {
  readonly own: string;
  readonly shared: string;
  readonly layers: string;
}

/** What files for a container are labelled with where somebody asks for it; null on a host without SELinux. */
export function fileLabels(
  { selinux }: Pick<ContainerSpec, 'selinux'>,
  { securityModules }: Pick<SecurityFacts, 'securityModules'>,
): FileLabels | null {
  if (!securityModules.includes('selinux')) return null;
  const { user, level } = labelFields(selinux);
  return {
    own: fileLabel(user, usualFileType, level),
    shared: fileLabel(user, usualFileType, usualLabel.level),
    layers: fileLabel(usualLabel.user, usualLayerType, usualLabel.level),
  };
}

function fileLabel(user: string, type: string, level: string): string {
  return [user, 'object_r', type, level].join(':');
}

function labelFields(options: readonly string[]): typeof usualLabel {
  const fields = options.filter((option) => option !== 'disable').map((option) => option.split(/:(.*)/s, 2));
  return { ...usualLabel, ...Object.fromEntries(fields) };
}

function selinuxLabels(options: readonly string[]): SecurityLabels {
  if (options.length === 0 || options.includes('disable')) return {};
  const { user, role, type, level } = labelFields(options);
  return { selinuxLabel: [user, role, type, level].join(':'), mountLabel: fileLabel(user, usualFileType, level) };
}
