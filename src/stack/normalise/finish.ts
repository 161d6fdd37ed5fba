import type { ComposeProject, YamlValue } from '../compose-types.ts';
import type { DraftProject, DraftService } from './draft.ts';
import { isPlainObject } from './plain.ts';
import { tidy } from './tidy.ts';

const SERVICE_KEEPS: ReadonlySet<string> = new Set(['command', 'entrypoint']);
const NETWORK_KEEPS: ReadonlySet<string> = new Set(['ipam', 'name']);
const RESOURCE_KEEPS: ReadonlySet<string> = new Set(['name']);

/** Makes the canonical model of a draft: what is always there is there, what says nothing is not. */
export function finishProject(draft: DraftProject, extensions: Readonly<Record<string, YamlValue>>): ComposeProject {
  for (const service of Object.values(draft.services)) finishService(service);
  for (const network of Object.values(draft.networks)) {
    network.ipam ??= {};
    tidy(network, NETWORK_KEEPS);
  }
  for (const kind of ['volumes', 'configs', 'secrets', 'models'] as const) {
    for (const definition of Object.values(draft[kind])) tidy(definition, RESOURCE_KEEPS);
  }
  const project: Record<string, unknown> = { name: draft.name, services: draft.services, ...extensions };
  for (const kind of ['networks', 'volumes', 'configs', 'secrets', 'models'] as const) {
    if (Object.keys(draft[kind]).length > 0) project[kind] = draft[kind];
  }
  return project as ComposeProject;
}

function finishService(service: DraftService): void {
  service.command ??= null;
  service.entrypoint ??= null;
  for (const key of ['dns', 'dns_search', 'dns_opt'] as const) {
    // An empty item, as of an unset variable, names no server.
    if (service[key] !== undefined) service[key] = service[key].filter((item) => item !== '');
  }
  service.extra_hosts?.sort();
  service.build?.extra_hosts?.sort();
  for (const mount of service.volumes ?? []) {
    if (mount.type === 'bind') (mount.bind ??= {}).create_host_path ??= true;
    if (mount.volume !== undefined) tidy(mount.volume, RESOURCE_KEEPS);
  }
  for (const dependency of Object.values(service.depends_on ?? {})) {
    dependency.condition ??= 'service_started';
    dependency.required ??= true;
  }
  if (service.deploy !== undefined) {
    service.deploy.resources ??= {};
    service.deploy.placement ??= {};
  }
  // Listed here because a null is the value: joined, without options.
  const { networks, models } = service;
  tidy(service, SERVICE_KEEPS);
  for (const map of [networks, models]) {
    if (isPlainObject(map))
      for (const value of Object.values(map)) if (isPlainObject(value)) tidy(value, RESOURCE_KEEPS);
  }
}
