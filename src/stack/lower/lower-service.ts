import type { DependencySpec, RestartSpec, ServiceSpec } from '../../model/spec.ts';
import type { ComposeProject, ComposeService } from '../compose-types.ts';
import { invalid } from './errors.ts';
import { lowerContainer } from './lower-container.ts';
import { lowerHooks } from './lower-hooks.ts';
import { lowerDeploy, lowerRestartPolicy } from './lower-deploy.ts';
import { lowerNamespaces } from './lower-namespaces.ts';
import type { PayloadReader } from './lower-payload.ts';
import { lowerNetworking } from './lower-networking.ts';
import { lowerPort } from './lower-port.ts';
import { lowerPullPolicy } from './lower-pull-policy.ts';
import { lowerVolumesFrom } from './lower-volumes-from.ts';
import { mapRecord } from './map-record.ts';

/** One service of the canonical model of `project`. */
export function lowerService(
  name: string,
  service: ComposeService,
  project: Pick<ComposeProject, 'name' | 'services' | 'networks'>,
  reader: PayloadReader,
): ServiceSpec {
  const where = `services.${name}`;
  return {
    name,
    // Without a name of its own, the image that is built.
    image: service.image ?? `${project.name}-${name}`,
    pullPolicy: lowerPullPolicy(where, service),
    replicas: lowerReplicas(service),
    containerName: service.container_name ?? null,
    container: lowerContainer(name, service, reader),
    namespaces: lowerNamespaces(where, name, service, project.services),
    volumesFrom: (service.volumes_from ?? []).map((text, index) => lowerVolumesFrom(name, text, index)),
    ...lowerNetworking(where, service, project.networks),
    ports: (service.ports ?? []).map((port, index) => lowerPort(`${where}.ports[${index}]`, port)),
    expose: service.expose ?? [],
    dependsOn: lowerDependencies(service, project.services),
    restart: lowerRestartPolicy(service.deploy) ?? lowerRestart(where, service.restart),
    hooks: lowerHooks(where, service),
    attach: service.attach ?? true,
    deploy: lowerDeploy(where, service.deploy, service),
    serviceLabels: service.deploy?.labels ?? {},
  };
}

/** Until there are more nodes, one on each is one. */
function lowerReplicas({ deploy, scale }: ComposeService): number {
  return deploy?.mode === 'global' || deploy?.mode === 'global-job' ? 1 : (deploy?.replicas ?? scale ?? 1);
}

/** Providers are there before any container is made. */
function lowerDependencies(
  { depends_on: all = {} }: ComposeService,
  services: ComposeProject['services'],
): ServiceSpec['dependsOn'] {
  const onContainers = Object.entries(all).filter(([name]) => services[name]?.provider === undefined);
  return mapRecord(Object.fromEntries(onContainers), lowerDependency);
}

function lowerDependency(dependency: NonNullable<ComposeService['depends_on']>[string]): DependencySpec {
  return { condition: dependency.condition, restart: dependency.restart ?? false, required: dependency.required };
}

function lowerRestart(where: string, restart: string | undefined): RestartSpec {
  const [policy = 'no', retries] = (restart ?? 'no').split(':');
  switch (policy) {
    case 'no':
    case 'always':
    case 'unless-stopped':
      return { policy, maxRetries: 0, supervision: null };
    case 'on-failure':
      return { policy, maxRetries: Number(retries ?? 0), supervision: null };
    default:
      throw invalid(`${where}.restart`, `"${policy}" is no restart policy`);
  }
}
