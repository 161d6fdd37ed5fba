import { stackFileError } from '../errors.ts';
import { didYouMeanOneOf } from '../suggest.ts';
import type { DraftProject, DraftService } from './draft.ts';

/** Names of the services that are on: without profiles, with an active one, or named on the command line. */
export function enabledServices(
  services: Readonly<Record<string, DraftService>>,
  profiles: readonly string[],
  named: readonly string[],
): Set<string> {
  const active = new Set(profiles);
  const enabled = new Set<string>();
  for (const [name, service] of Object.entries(services)) {
    const own = service.profiles ?? [];
    const isOn =
      own.length === 0 || active.has('*') || named.includes(name) || own.some((profile) => active.has(profile));
    if (isOn) enabled.add(name);
  }
  return enabled;
}

/** The named services and, transitively, those that they depend on, of the enabled ones; all without names. */
export function selectServices(
  project: DraftProject,
  enabled: ReadonlySet<string>,
  named: readonly string[],
): Set<string> {
  if (named.length === 0) return new Set(enabled);
  const selected = new Set<string>();
  const pending = [...named];
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (selected.has(name) || !enabled.has(name)) {
      if (!Object.hasOwn(project.services, name) && named.includes(name)) throw noSuchService(name, project);
      continue;
    }
    selected.add(name);
    pending.push(...Object.keys(project.services[name]?.depends_on ?? {}));
  }
  return selected;
}

function noSuchService(name: string, project: DraftProject): Error {
  return stackFileError(
    null,
    [],
    `no such service: ${name}`,
    didYouMeanOneOf(name, Object.keys(project.services)) ?? undefined,
  );
}

/** Keeps the networks, volumes, secrets, configs and models that some service uses. */
export function dropUnusedResources(project: DraftProject): void {
  const used = {
    networks: new Set<string>(),
    volumes: new Set<string>(),
    configs: new Set<string>(),
    secrets: new Set<string>(),
    models: new Set<string>(),
  };
  for (const service of Object.values(project.services)) {
    for (const name of Object.keys(service.networks ?? {})) used.networks.add(name);
    for (const mount of service.volumes ?? []) {
      if ((mount.type === 'volume' || mount.type === 'cluster') && mount.source !== undefined)
        used.volumes.add(mount.source);
    }
    for (const grant of service.configs ?? []) used.configs.add(grant.source);
    for (const grant of [...(service.secrets ?? []), ...(service.build?.secrets ?? [])]) used.secrets.add(grant.source);
    for (const name of Object.keys(service.models ?? {})) used.models.add(name);
  }
  for (const kind of ['networks', 'volumes', 'configs', 'secrets', 'models'] as const) {
    for (const key of Object.keys(project[kind])) if (!used[kind].has(key)) delete project[kind][key];
  }
}
