import { resolve } from 'node:path';
import type { ContainerSpec } from '../../model/spec.ts';
import type { ComposeService } from '../compose-types.ts';
import { invalid, unsupported } from './errors.ts';
import type { PayloadReader } from './lower-payload.ts';

type Options = Pick<
  ContainerSpec,
  'noNewPrivileges' | 'seccomp' | 'apparmor' | 'selinux' | 'systemPathsUnconfined' | 'writableCgroups'
>;
type Security = Pick<ContainerSpec, 'privileged' | 'userNamespace' | 'capAdd' | 'capDrop'> & Options;

/** Privileges of the containers of a service. */
export function lowerSecurity(where: string, service: ComposeService, reader: PayloadReader): Security {
  return {
    privileged: service.privileged ?? false,
    userNamespace: lowerUserNamespace(where, service.userns_mode),
    capAdd: service.cap_add ?? [],
    capDrop: service.cap_drop ?? [],
    ...lowerOptions(where, service.security_opt ?? [], reader),
  };
}

/** `userns_mode`, of which absence means the ids of the host. */
function lowerUserNamespace(where: string, mode: string | undefined): ContainerSpec['userNamespace'] {
  if (mode === undefined || mode === '') return 'host';
  if (mode === 'host' || mode === 'auto') return mode;
  throw unsupported(`${where}.userns_mode`, mode);
}

const none: Options = {
  noNewPrivileges: false,
  seccomp: null,
  apparmor: null,
  selinux: [],
  systemPathsUnconfined: false,
  writableCgroups: false,
};

/** `security_opt`; a later line wins, those of `label` add up. */
function lowerOptions(where: string, lines: readonly string[], reader: PayloadReader): Options {
  return lines.reduce((options, line) => ({ ...options, ...lowerOption(where, line, options, reader) }), none);
}

function lowerOption(where: string, line: string, before: Options, reader: PayloadReader): Partial<Options> {
  const [name, value] = splitOption(line);
  switch (name) {
    case 'no-new-privileges':
      return { noNewPrivileges: value !== 'false' };
    case 'seccomp':
      return { seccomp: readProfile(where, value, reader) };
    case 'apparmor':
      return { apparmor: value };
    case 'label':
      return { selinux: [...before.selinux, value] };
    case 'systempaths':
      return { systemPathsUnconfined: true };
    case 'writable-cgroups':
      return { writableCgroups: value !== 'false' };
    default:
      throw unsupported(`${where}.security_opt`, line);
  }
}

/** `name=value` or `name:value`. */
function splitOption(option: string): readonly [string, string] {
  const at = option.search(/[=:]/);
  return at < 0 ? [option, ''] : [option.slice(0, at), option.slice(at + 1)];
}

function readProfile(where: string, value: string, reader: PayloadReader): string | null {
  if (value === 'unconfined') return value;
  if (value === 'builtin') return null;
  try {
    // The canonical model keeps this path as it was written, as docker compose does.
    return reader.readFile(resolve(reader.workingDir, value)).toString();
  } catch (error) {
    throw invalid(`${where}.security_opt`, `read seccomp profile ${value}: ${(error as Error).message}`, error);
  }
}
