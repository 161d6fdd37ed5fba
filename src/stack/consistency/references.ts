import { didYouMean } from '../suggest.ts';
import type { CheckContext, ServiceCheck } from './report.ts';

/** Networks, volumes, configs, secrets and models that a service uses must be declared. */
export const checkReferences: ServiceCheck = (name, service, context) => {
  const { project } = context;
  const check = (kind: string, key: string, declared: object, path: readonly (string | number)[]): void => {
    if (Object.hasOwn(declared, key)) return;
    const hint = didYouMean(key, Object.keys(declared)) ?? `declare it under ${kind.split(' ').at(-1)}s:`;
    context.error(['services', name, ...path], `service "${name}" refers to undefined ${kind} ${key}`, hint);
  };
  for (const key of Object.keys(service.networks ?? {})) {
    if (key !== 'default') check('network', key, project.networks, ['networks', key]);
  }
  for (const [index, mount] of (service.volumes ?? []).entries()) {
    const isNamed = (mount.type === 'volume' || mount.type === 'cluster') && (mount.source ?? '') !== '';
    if (isNamed) check('volume', mount.source ?? '', project.volumes, ['volumes', index]);
  }
  for (const [index, grant] of (service.configs ?? []).entries()) {
    check('config', grant.source, project.configs, ['configs', index]);
  }
  for (const [index, grant] of (service.secrets ?? []).entries()) {
    check('secret', grant.source, project.secrets, ['secrets', index]);
  }
  for (const [index, grant] of (service.build?.secrets ?? []).entries()) {
    check('build secret', grant.source, project.secrets, ['build', 'secrets', index]);
  }
  for (const key of Object.keys(service.models ?? {})) check('model', key, project.models, ['models', key]);
};

/** Container names are unique, so a service that has one runs one container. */
export function checkContainerNames(context: CheckContext): void {
  const owners = new Map<string, string>();
  for (const [name, service] of Object.entries(context.project.services)) {
    const own = service.container_name;
    if (own === undefined || !context.enabled.has(name)) continue;
    const path = ['services', name, 'container_name'];
    const owner = owners.get(own);
    if (owner !== undefined) context.error(path, `container name "${own}" is already in use by service "${owner}"`);
    owners.set(own, name);
    const count = service.scale ?? service.deploy?.replicas ?? 1;
    if (count > 1) {
      const message = `service "${name}" has the container_name "${own}" and ${count} replicas: a container name must be unique`;
      context.error(path, message, 'remove container_name, or run one replica');
    }
  }
}
