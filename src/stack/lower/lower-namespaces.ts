import type { NamespacesSpec, SharedNamespace } from '../../model/namespaces-spec.ts';
import type { ComposeProject, ComposeService } from '../compose-types.ts';
import { invalid } from './errors.ts';

/** `pid`, `ipc`, `uts` and `cgroup` of a service; `services` are those of its stack. */
export function lowerNamespaces(
  where: string,
  name: string,
  service: ComposeService,
  services: ComposeProject['services'],
): NamespacesSpec {
  const pid = service.pid ?? '';
  return {
    pid: pid === '' ? { kind: 'private' } : lowerShared(`${where}.pid`, pid),
    ipc: lowerIpc(where, name, service, services),
    uts: service.uts === 'host' ? 'host' : 'private',
    cgroup: service.cgroup ?? 'private',
  };
}

function lowerIpc(
  where: string,
  name: string,
  service: ComposeService,
  services: ComposeProject['services'],
): NamespacesSpec['ipc'] {
  const ipc = service.ipc ?? '';
  if (ipc === 'private' || ipc === 'shareable' || ipc === 'none') return { kind: ipc };
  if (ipc !== '') return lowerShared(`${where}.ipc`, ipc);
  // Who is joined need not say that it may be.
  const isJoined = Object.values(services).some((other) => other.ipc === `service:${name}`);
  return { kind: isJoined ? 'shareable' : 'private' };
}

function lowerShared(where: string, mode: string): SharedNamespace {
  const colon = mode.indexOf(':');
  const [kind, owner] = colon < 0 ? [mode, ''] : [mode.slice(0, colon), mode.slice(colon + 1)];
  if (mode === 'host') return { kind: 'host' };
  if (kind === 'service' && owner !== '') return { kind, service: owner };
  if (kind === 'container' && owner !== '') return { kind, container: owner };
  throw invalid(where, `"${mode}" is none of host, service:NAME and container:NAME`);
}
