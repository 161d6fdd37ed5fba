import { resolve } from 'node:path';
import type { ContainerSpec } from '../../model/spec.ts';
import type { ComposeService } from '../compose-types.ts';
import { invalid, unsupported } from './errors.ts';
import type { PayloadReader } from './lower-payload.ts';

type Security = Pick<
  ContainerSpec,
  'privileged' | 'userNamespace' | 'capAdd' | 'capDrop' | 'noNewPrivileges' | 'seccomp'
>;

/** Privileges of the containers of a service. */
export function lowerSecurity(where: string, service: ComposeService, reader: PayloadReader): Security {
  let noNewPrivileges = false;
  let seccomp: string | null = null;
  for (const option of service.security_opt ?? []) {
    const [name, value] = splitOption(option);
    if (name === 'no-new-privileges') noNewPrivileges = value !== 'false';
    else if (name === 'seccomp') seccomp = readProfile(where, value, reader);
    else throw unsupported(`${where}.security_opt`, option);
  }
  return {
    privileged: service.privileged ?? false,
    userNamespace: lowerUserNamespace(where, service.userns_mode),
    capAdd: service.cap_add ?? [],
    capDrop: service.cap_drop ?? [],
    noNewPrivileges,
    seccomp,
  };
}

/** `userns_mode`, of which absence means the ids of the host. */
function lowerUserNamespace(where: string, mode: string | undefined): ContainerSpec['userNamespace'] {
  if (mode === undefined || mode === '') return 'host';
  if (mode === 'host' || mode === 'auto') return mode;
  throw unsupported(`${where}.userns_mode`, mode);
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
